import { Inject, Injectable } from '@nestjs/common';
import type { UsageReport } from '@xerotier/contracts/inference';
import { isRejectedData } from '@xerotier/db';
import type { Logger } from '@xerotier/log';
import { LOGGER } from '@xerotier/service-host';
import { metrics } from '../metrics.ts';
import { UsageReportsRepository } from './usage-reports.repository.ts';

/** About 10 MB. The backlog of an outage arrives at once. */
const STATEMENT_REPORTS_MAX = 100;

@Injectable()
export class UsageReportsService {
  constructor(
    private readonly repository: UsageReportsRepository,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  /**
   * Stores reports; existing ones are not changed. A report that the database rejects is logged and dropped, so that it does not
   * block the others forever.
   * @throws {Error} whatever else fails: all reports must be delivered again.
   */
  async store(reports: readonly UsageReport[]): Promise<void> {
    for (let at = 0; at < reports.length; at += STATEMENT_REPORTS_MAX)
      await this.#storeTogether(reports.slice(at, at + STATEMENT_REPORTS_MAX));
  }

  async #storeTogether(reports: readonly UsageReport[]): Promise<void> {
    try {
      await this.#append(reports);
    } catch (error) {
      if (!isRejectedData(error)) throw error;
      for (const report of reports) await this.#storeAlone(report);
    }
  }

  async #storeAlone(report: UsageReport): Promise<void> {
    try {
      await this.#append([report]);
    } catch (error) {
      if (!isRejectedData(error)) throw error;
      metrics.reportedGenerations.inc({ outcome: 'dropped' }, report.generations.length);
      this.log.error('usage report dropped', { report, error });
    }
  }

  async #append(reports: readonly UsageReport[]): Promise<void> {
    const written = await this.repository.append(reports);
    for (const { id, generations } of reports)
      metrics.reportedGenerations.inc({ outcome: written.has(id) ? 'stored' : 'duplicate' }, generations.length);
  }
}
