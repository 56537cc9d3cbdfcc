import { Inject, Injectable } from '@nestjs/common';
import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import type { Logger } from '@xerotier/log';
import { CONFIG, LOGGER } from '@xerotier/service-host';
import type { AuthConfig } from '../config.ts';
import { Reconciler } from './reconciler.ts';
import { ReportChecker } from './report-checker.ts';

/** Checks per grace period: a row is late by a sixth of it at most. */
const CHECKS_PER_GRACE = 6;

/** Checks reports, and runs the reconciler, while the service runs: every ten seconds with the default grace period. */
@Injectable()
export class ReconcilerSchedule implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #intervalMs: number;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #isStopping = false;

  constructor(
    private readonly checker: ReportChecker,
    private readonly reconciler: Reconciler,
    @Inject(CONFIG) { usage: { graceSeconds } }: Pick<AuthConfig, 'usage'>,
    @Inject(LOGGER) private readonly log: Logger,
  ) {
    this.#intervalMs = (graceSeconds * 1_000) / CHECKS_PER_GRACE;
  }

  onApplicationBootstrap(): void {
    this.#timer = setInterval(() => {
      this.#running ??= this.#run().finally(() => (this.#running = undefined));
    }, this.#intervalMs).unref();
  }

  /** While connections are still open. */
  async onModuleDestroy(): Promise<void> {
    clearInterval(this.#timer);
    this.#isStopping = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    try {
      while (!this.#isStopping && (await this.checker.checkDue()));
      while (!this.#isStopping && (await this.reconciler.reconcileDue()));
    } catch (error) {
      this.log.warn('usage reconciliation failed, retrying', { error });
    }
  }
}
