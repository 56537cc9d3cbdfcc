import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { UsageReport } from '@xerotier/contracts/inference';
import { withDbErrors } from '@xerotier/db';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { UsageReportRow } from './usage-report.entity.ts';
import { whileAlone } from './while-alone.ts';

/** Reports of workers, as they were received. */
@Injectable()
export class UsageReportsRepository {
  constructor(@InjectDataSource() private readonly database: DataSource) {}

  /**
   * Inserts all new reports or, when it throws, none.
   * @returns the ids of the new reports.
   */
  async append(reports: readonly UsageReport[]): Promise<ReadonlySet<string>> {
    const rows = reports.map(({ id, workerId, accounts, generations }) => ({
      ...{ id, workerId },
      content: { accounts, generations },
    }));
    const result = await withDbErrors(() =>
      this.database
        .createQueryBuilder()
        .insert()
        .into(UsageReportRow)
        .values(rows)
        .orIgnore()
        .returning('id')
        .execute(),
    );
    return new Set((result.raw as { id: string }[]).map(({ id }) => id));
  }

  /** Runs work in a transaction that no other replica runs at the same time; returns null if one does. */
  whileAlone<T>(work: (manager: EntityManager) => Promise<T>): Promise<T | null> {
    return whileAlone(this.database, work);
  }

  /** Returns reports that were received the grace period ago and not checked yet, the oldest first. */
  findDue(manager: EntityManager, graceSeconds: number, reportsMax: number): Promise<UsageReportRow[]> {
    return manager
      .createQueryBuilder(UsageReportRow, 'report')
      .where('report.checkedAt IS NULL AND report.receivedAt <= now() - make_interval(secs => :graceSeconds)')
      .setParameters({ graceSeconds })
      .orderBy('report.receivedAt')
      .limit(reportsMax)
      .getMany();
  }

  /** @param different for each report, the ids of the requests that do not match the ledger. */
  async setChecked(manager: EntityManager, different: ReadonlyMap<string, readonly string[]>): Promise<void> {
    const rows = [...different].map(([id, requestIds]) => ({ id, requestIds }));
    await manager.query(
      `UPDATE auth.usage_report SET checked_at = now(), different = checked."requestIds"
       FROM json_to_recordset($1::json) AS checked (id uuid, "requestIds" text[]) WHERE usage_report.id = checked.id`,
      [JSON.stringify(rows)],
    );
  }

  /**
   * Returns reports that were received within a range of time, ordered by id.
   * @param after id of the last report of the page before.
   */
  findReceived(range: { from: Date; to: Date }, after: string, reportsMax: number): Promise<UsageReportRow[]> {
    return withDbErrors(() =>
      this.database
        .createQueryBuilder(UsageReportRow, 'report')
        .where('report.receivedAt >= :from AND report.receivedAt < :to AND report.id > :after', { ...range, after })
        .orderBy('report.id')
        .limit(reportsMax)
        .getMany(),
    );
  }

  /** Deletes checked reports of seven days ago. */
  async deleteChecked(batchMax: number): Promise<number> {
    const [row] = await withDbErrors(() =>
      this.database.query<{ deleted: string }[]>(
        `WITH old AS (
           SELECT id FROM auth.usage_report WHERE received_at < now() - interval '7 days' AND checked_at IS NOT NULL
           ORDER BY received_at LIMIT $1 FOR UPDATE SKIP LOCKED
         ), deleted AS (
           DELETE FROM auth.usage_report USING old WHERE usage_report.id = old.id RETURNING 1
         )
         SELECT count(*) AS deleted FROM deleted`,
        [batchMax],
      ),
    );
    return Number(row?.deleted);
  }
}
