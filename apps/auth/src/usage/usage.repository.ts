import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { emptyUsage } from '@xerotier/contracts/inference';
import type { TokenUsage, UsageRecord } from '@xerotier/contracts/inference';
import { withEveryTenant } from '@xerotier/db';
import { DataSource, In } from 'typeorm';
import type { EntityMetadata } from 'typeorm';
import { BudgetAlerts } from '../budgets/budget-alerts.ts';
import type { PriceList } from '../tiers/price-list.ts';
import { TiersRepository } from '../tiers/tiers.repository.ts';
import { tokenCostMicros } from '../tiers/token-cost.ts';
import type { LedgerEntry, UsageSource } from '../usage-reports/reconciliation.ts';
import { addToRollup, DAY, rollups } from './rollups.ts';
import type { ProjectDay } from './rollups.repository.ts';
import { UsageEvent } from './usage-event.entity.ts';

/** What the ledger should have of a request. */
export type RecordedUsage = Pick<UsageRecord, 'requestId' | 'kind' | 'usage'>;

/** The number of new records of a day. */
type WrittenDay = ProjectDay & { readonly count: number };

/** The ledger: append-only, with one row per request and kind. Its rollups and the alerts of budgets change with it. */
@Injectable()
export class UsageRepository {
  readonly #insert: string;
  readonly #findDifferent: string;

  constructor(@InjectDataSource() private readonly database: DataSource) {
    this.#insert = insertStatement(database.getMetadata(UsageEvent));
    this.#findDifferent = differentStatement(database.getMetadata(UsageEvent));
  }

  /**
   * Inserts all new records or, when it throws, none.
   * @returns the number of new records.
   */
  async append(records: readonly UsageRecord[], source: UsageSource = 'gateway'): Promise<number> {
    // A batch has records of several projects.
    return withEveryTenant(this.database, async (manager) => {
      // Read for each batch: they can change at any time, and are few.
      const prices = await new TiersRepository(manager).priceList();
      const rows = records.map((record) => ({ ...rowOf(record, prices), source }));
      const written = await manager.query<WrittenDay[]>(this.#insert, [JSON.stringify(rows)]);
      if (written.length > 0) await new BudgetAlerts(manager).raise(written);
      return written.reduce((sum, { count }) => sum + count, 0);
    });
  }

  /** Returns the ids of the requests that the ledger does not have, or has with another usage. */
  async findDifferent(requests: readonly RecordedUsage[]): Promise<ReadonlySet<string>> {
    const rows = requests.map(({ requestId, kind, usage }) => ({ requestId, kind, ...usage }));
    const different = await withEveryTenant(this.database, (manager) =>
      manager.query<{ requestId: string }[]>(this.#findDifferent, [JSON.stringify(rows)]),
    );
    return new Set(different.map(({ requestId }) => requestId));
  }

  /** Returns the rows of these requests, by request id. */
  async entriesOf(requestIds: readonly string[]): Promise<Map<string, LedgerEntry>> {
    const rows = await withEveryTenant(this.database, (manager) =>
      manager.getRepository(UsageEvent).findBy({ requestId: In(requestIds) }),
    );
    return new Map(rows.map((row) => [row.requestId, entryOf(row)]));
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
    SELECT project_id AS "projectId", ${DAY}::text AS day, count(*)::integer AS count FROM written GROUP BY 1, 2`;
}

function differentStatement({ columns, tablePath }: EntityMetadata): string {
  const names: readonly string[] = ['requestId', 'kind', ...Object.keys(emptyUsage())];
  const compared = columns.filter(({ propertyName }) => names.includes(propertyName));
  const typed = compared.map(({ propertyName, type }) => `"${propertyName}" ${String(type)}`);
  const isEqual = compared.map(
    ({ propertyName, databaseName }) => `entry.${databaseName} = reported."${propertyName}"`,
  );
  return `
    SELECT "requestId" FROM json_to_recordset($1::json) AS reported (${typed.join(', ')})
    WHERE NOT EXISTS (SELECT FROM ${tablePath} AS entry WHERE ${isEqual.join(' AND ')})`;
}

function entryOf({ source, estimated, ...row }: UsageEvent): LedgerEntry {
  const names = Object.keys(emptyUsage()) as (keyof TokenUsage)[];
  const usage = Object.fromEntries(names.map((name) => [name, Number(row[name])])) as TokenUsage;
  return { usage, source, estimated };
}

/** Flattens a usage record. Times and counts are rounded to integers, except the time per token. */
function rowOf({ usage, latencyTargets, startedAt, ...record }: UsageRecord, prices: PriceList): object {
  const price = prices.at(record.tier, startedAt);
  return {
    ...record,
    ...usage,
    estimated: record.estimated ?? false,
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
