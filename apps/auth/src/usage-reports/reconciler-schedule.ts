import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from '@xerotier/log';
import { CONFIG, LOGGER, PeriodicTask } from '@xerotier/service-host';
import type { AuthConfig } from '../config.ts';
import { Reconciler } from './reconciler.ts';
import { ReportChecker } from './report-checker.ts';

/** Checks per grace period: a row is late by a sixth of it at most. */
const CHECKS_PER_GRACE = 6;

/** Checks reports, and runs the reconciler, while the service runs: every ten seconds with the default grace period. */
@Injectable()
export class ReconcilerSchedule extends PeriodicTask {
  constructor(
    private readonly checker: ReportChecker,
    private readonly reconciler: Reconciler,
    @Inject(CONFIG) { usage: { graceSeconds } }: Pick<AuthConfig, 'usage'>,
    @Inject(LOGGER) log: Logger,
  ) {
    const intervalMs = (graceSeconds * 1_000) / CHECKS_PER_GRACE;
    super({ intervalMs, failure: 'usage reconciliation failed, retrying', log });
  }

  protected override async run(): Promise<void> {
    while (!this.isStopping && (await this.checker.checkDue()));
    while (!this.isStopping && (await this.reconciler.reconcileDue()));
  }
}
