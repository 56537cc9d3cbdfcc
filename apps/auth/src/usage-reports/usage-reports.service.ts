import { Inject, Injectable } from '@nestjs/common';
import type { UsageReport } from '@xerotier/contracts/inference';
import { AppError } from '@xerotier/errors';
import type { Logger } from '@xerotier/log';
import { CONFIG, LOGGER } from '@xerotier/service-host';
import { openAccounting } from '@xerotier/usage-accounting';
import type { AuthConfig } from '../config.ts';
import { metrics } from '../metrics.ts';
import { UsageReportsRepository } from './usage-reports.repository.ts';
import type { OpenedReport } from './usage-reports.repository.ts';

/** As of the ledger: the backlog of an outage arrives at once. */
const STATEMENT_REPORTS_MAX = 1_000;

@Injectable()
export class UsageReportsService {
  readonly #keys: readonly Uint8Array[];

  constructor(
    private readonly repository: UsageReportsRepository,
    @Inject(CONFIG) private readonly config: Pick<AuthConfig, 'usage'>,
    @Inject(LOGGER) private readonly log: Logger,
  ) {
    const { sealKey, previousSealKey } = config.usage;
    this.#keys = previousSealKey === undefined ? [sealKey] : [sealKey, previousSealKey];
  }

  /**
   * Stores reports; existing ones are not changed. A report that was not sealed by a gateway for its request, or that the
   * database rejects, is logged and dropped, so that it does not block the others forever.
   * @throws {AppError} `db.unavailable`: all reports must be delivered again.
   */
  async store(reports: readonly UsageReport[]): Promise<void> {
    const opened = reports.map((report) => this.#open(report)).filter((report) => report !== undefined);
    for (let at = 0; at < opened.length; at += STATEMENT_REPORTS_MAX) {
      await this.#storeTogether(opened.slice(at, at + STATEMENT_REPORTS_MAX));
    }
  }

  #open({ accounting, ...report }: UsageReport): OpenedReport | undefined {
    try {
      return { ...report, context: openAccounting(this.#keys, accounting, report.requestId) };
    } catch (error) {
      metrics.usageReports.inc({ outcome: 'unsealable' });
      this.log.warn('usage report dropped: its accounting context cannot be decrypted', { report, error });
      return undefined;
    }
  }

  async #storeTogether(reports: readonly OpenedReport[]): Promise<void> {
    try {
      await this.#append(reports);
    } catch (error) {
      if (AppError.is(error)) throw error;
      for (const report of reports) await this.#storeAlone(report);
    }
  }

  async #storeAlone(report: OpenedReport): Promise<void> {
    try {
      await this.#append([report]);
    } catch (error) {
      if (AppError.is(error)) throw error;
      metrics.usageReports.inc({ outcome: 'dropped' });
      this.log.error('usage report dropped', { report, error });
    }
  }

  async #append(reports: readonly OpenedReport[]): Promise<void> {
    const written = await this.repository.append(reports, this.config.usage.graceSeconds);
    metrics.usageReports.inc({ outcome: 'stored' }, written);
    metrics.usageReports.inc({ outcome: 'duplicate' }, reports.length - written);
  }
}
