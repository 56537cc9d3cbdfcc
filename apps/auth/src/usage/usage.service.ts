import { Inject, Injectable } from '@nestjs/common';
import type { UsageRecord } from '@xerotier/contracts/inference';
import { AppError } from '@xerotier/errors';
import type { Logger } from '@xerotier/log';
import { LOGGER } from '@xerotier/service-host';
import { UsageRepository } from './usage.repository.ts';

/** What has piled up during an outage comes at once; one statement with all of it could never end in time. */
const STATEMENT_RECORDS_MAX = 1_000;

@Injectable()
export class UsageService {
  constructor(
    private readonly repository: UsageRepository,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  /**
   * Writes records into the ledger; those that it holds already change nothing. A record that the database refuses for
   * what is in it goes into the log instead, so that it does not keep the others from being written for ever.
   * @throws {AppError} `db.unavailable`; then all of them have to come again.
   */
  async record(records: readonly UsageRecord[]): Promise<void> {
    for (let at = 0; at < records.length; at += STATEMENT_RECORDS_MAX) {
      await this.#recordTogether(records.slice(at, at + STATEMENT_RECORDS_MAX));
    }
  }

  async #recordTogether(records: readonly UsageRecord[]): Promise<void> {
    try {
      await this.repository.append(records);
    } catch (error) {
      if (AppError.is(error)) throw error;
      await this.#recordOneByOne(records);
    }
  }

  async #recordOneByOne(records: readonly UsageRecord[]): Promise<void> {
    for (const record of records) {
      try {
        await this.repository.append([record]);
      } catch (error) {
        if (AppError.is(error)) throw error;
        this.log.error('a usage record cannot be stored and is dropped', { record, error });
      }
    }
  }
}
