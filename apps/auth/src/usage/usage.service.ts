import { Inject, Injectable } from '@nestjs/common';
import type { UsageRecord } from '@xerotier/contracts/inference';
import { isRejectedData } from '@xerotier/db';
import type { Logger } from '@xerotier/log';
import { LOGGER } from '@xerotier/service-host';
import { metrics } from '../metrics.ts';
import { driftTokens } from '../usage-reports/reconciliation.ts';
import type { UsageSource } from '../usage-reports/reconciliation.ts';
import { UsageRepository } from './usage.repository.ts';

/** The backlog of an outage arrives at once, and would exceed the statement timeout in one statement. */
const STATEMENT_RECORDS_MAX = 1_000;

@Injectable()
export class UsageService {
  constructor(
    private readonly repository: UsageRepository,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  /**
   * Stores records in the ledger; existing ones are not changed. A record whose data the database rejects is logged and
   * dropped, so that it does not block the others forever.
   * @throws {Error} whatever else fails: all records must be delivered again.
   */
  async record(records: readonly UsageRecord[], source: UsageSource = 'gateway'): Promise<void> {
    for (let at = 0; at < records.length; at += STATEMENT_RECORDS_MAX) {
      await this.#recordTogether(records.slice(at, at + STATEMENT_RECORDS_MAX), source);
    }
  }

  async #recordTogether(records: readonly UsageRecord[], source: UsageSource): Promise<void> {
    try {
      await this.#append(records, source);
    } catch (error) {
      if (!isRejectedData(error)) throw error;
      await this.#recordOneByOne(records, source);
    }
  }

  async #recordOneByOne(records: readonly UsageRecord[], source: UsageSource): Promise<void> {
    for (const record of records) {
      try {
        await this.#append([record], source);
      } catch (error) {
        if (!isRejectedData(error)) throw error;
        metrics.usageRows.inc({ outcome: 'dropped' });
        const { endUser: _endUser, ...logged } = record;
        this.log.error('usage record dropped', { record: logged, error });
      }
    }
  }

  async #append(records: readonly UsageRecord[], source: UsageSource): Promise<void> {
    const written = await this.repository.append(records, source);
    if (written < records.length && source === 'gateway') await this.#countLate(records);
    metrics.usageRows.inc({ outcome: 'recorded' }, written);
    metrics.usageRows.inc({ outcome: 'duplicate' }, records.length - written);
  }

  /** Counts the records that came after their row had been written from the reports of workers. */
  async #countLate(records: readonly UsageRecord[]): Promise<void> {
    const entries = await this.repository.entriesOf(records.map(({ requestId }) => requestId));
    for (const { requestId, usage } of records) {
      const entry = entries.get(requestId);
      if (entry?.source !== 'worker') continue;
      const tokens = driftTokens(usage, entry.usage);
      metrics.lateUsageRecords.inc({ result: tokens === 0 ? 'equal' : 'different' });
      if (tokens > 0) this.log.warn('late usage record differs from the ledger', { requestId, tokens });
    }
  }
}
