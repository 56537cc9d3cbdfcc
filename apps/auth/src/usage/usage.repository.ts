import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { UsageRecord } from '@xerotier/contracts/inference';
import { withEveryTenant } from '@xerotier/db';
import { DataSource } from 'typeorm';
import type { EntityMetadata } from 'typeorm';
import type { PriceList } from '../tiers/price-list.ts';
import { TiersRepository } from '../tiers/tiers.repository.ts';
import { tokenCostMicros } from '../tiers/token-cost.ts';
import { addToRollup, rollups } from './rollups.ts';
import { UsageEvent } from './usage-event.entity.ts';

/** The ledger: append-only, with one row per request and kind. Its rollups are changed with it. */
@Injectable()
export class UsageRepository {
  readonly #insert: string;

  constructor(@InjectDataSource() private readonly database: DataSource) {
    this.#insert = insertStatement(database.getMetadata(UsageEvent));
  }

  /**
   * Inserts all new records or, when it throws, none.
   * @returns the number of new records.
   */
  async append(records: readonly UsageRecord[]): Promise<number> {
    // A batch has records of several projects.
    return withEveryTenant(this.database, async (manager) => {
      // Read for each batch: they can change at any time, and are few.
      const prices = await new TiersRepository(manager).priceList();
      const rows = records.map((record) => rowOf(record, prices));
      const [row] = await manager.query<{ written: string }[]>(this.#insert, [JSON.stringify(rows)]);
      return Number(row?.written);
    });
  }
}

/**
 * A batch is passed as one JSON parameter, so the statement is the same for any number of records. Only new rows are added to the
 * rollups. The rows are sorted, so that batches with the same records do not wait for each other in a circle.
 */
function insertStatement({ columns, tablePath }: EntityMetadata): string {
  const written = columns.filter(({ isGenerated, isCreateDate }) => !isGenerated && !isCreateDate);
  const fields = written.map(({ propertyName }) => `"${propertyName}"`);
  const typed = written.map(({ propertyName, type }) => `"${propertyName}" ${String(type)}`);
  const sums = rollups.map((rollup, at) => `rollup_${at} AS (${addToRollup(rollup, 'written')})`);
  return `
    WITH written AS (
      INSERT INTO ${tablePath} (${written.map(({ databaseName }) => databaseName).join(', ')})
      SELECT ${fields.join(', ')} FROM json_to_recordset($1::json) AS record (${typed.join(', ')})
      ORDER BY "requestId", kind
      ON CONFLICT ON CONSTRAINT usage_event_request_key DO NOTHING
      RETURNING *
    ), ${sums.join(', ')}
    SELECT count(*) AS written FROM written`;
}

/** Flattens a usage record. Times and counts are rounded to integers, except the time per token. */
function rowOf({ usage, latencyTargets, startedAt, ...record }: UsageRecord, prices: PriceList): object {
  const price = prices.at(record.tier, startedAt);
  return {
    ...record,
    ...usage,
    startedAt: new Date(startedAt),
    durationMs: Math.round(record.durationMs),
    timeToFirstTokenMs: record.timeToFirstTokenMs === null ? null : Math.round(record.timeToFirstTokenMs),
    targetTimeToFirstTokenMs: latencyTargets?.timeToFirstTokenMs,
    targetTimePerOutputTokenMs: latencyTargets?.timePerOutputTokenMs,
    // As text: a number would lose digits.
    costMicros: price && String(tokenCostMicros(usage, record.priority, price)),
    priceVersion: price?.version,
  };
}
