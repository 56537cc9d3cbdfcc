import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { AccountingContext, UsageReport } from '@xerotier/contracts/inference';
import { withEveryTenant } from '@xerotier/db';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import type { ReconciliationResult, ReportedRequest } from './reconciliation.ts';
import { UsageReportRow } from './usage-report.entity.ts';

/** A report whose accounting context was opened. */
export type OpenedReport = Omit<UsageReport, 'accounting'> & { readonly context: AccountingContext };

const INSERT = `
  WITH written AS (
    INSERT INTO auth.usage_report (project_id, request_id, choice_index, attempt, worker_id, context, usage, outcome,
      caller_lost, begun, ended_at, check_at)
    SELECT "projectId", "requestId", "choiceIndex", attempt, "workerId", context, usage, outcome, "callerLost", begun,
      "endedAt", now() + make_interval(secs => $2)
    FROM json_to_recordset($1::json) AS report ("projectId" text, "requestId" text, "choiceIndex" integer,
      attempt integer, "workerId" text, context jsonb, usage jsonb, outcome text, "callerLost" boolean, begun boolean,
      "endedAt" timestamptz)
    ON CONFLICT DO NOTHING
    RETURNING 1
  )
  SELECT count(*) AS written FROM written`;

export type RequestKey = Pick<AccountingContext, 'projectId' | 'requestId'>;

const IS_OF_REQUEST = '(project_id, request_id) IN (SELECT * FROM unnest($1::text[], $2::text[]))';

/** Replicas take turns. */
const LOCK = "SELECT pg_try_advisory_xact_lock(hashtext('auth.usage_report')) AS locked";

/** Reports of workers. All methods see the rows of all projects. */
@Injectable()
export class UsageReportsRepository {
  constructor(@InjectDataSource() private readonly database: DataSource) {}

  /**
   * Inserts all new reports or, when it throws, none.
   * @param graceSeconds until their requests are compared with the ledger.
   * @returns the number of new reports.
   */
  async append(reports: readonly OpenedReport[], graceSeconds: number): Promise<number> {
    const rows = reports.map(({ endedAt, ...report }) => ({
      ...report,
      projectId: report.context.projectId,
      endedAt: new Date(endedAt),
    }));
    const [row] = await withEveryTenant(this.database, (manager) =>
      manager.query<{ written: string }[]>(INSERT, [JSON.stringify(rows), graceSeconds]),
    );
    return Number(row?.written);
  }

  /** Runs work in a transaction that no other replica runs at the same time; returns null if one does. */
  async whileAlone<T>(work: (manager: EntityManager) => Promise<T>): Promise<T | null> {
    return withEveryTenant(this.database, async (manager) => {
      const [row] = await manager.query<{ locked: boolean }[]>(LOCK);
      return row?.locked === true ? work(manager) : null;
    });
  }

  /** Returns requests that are to be compared with the ledger, those that wait for the longest time first. */
  async findDue(manager: EntityManager, requestsMax: number): Promise<ReportedRequest[]> {
    const due = await manager.query<RequestKey[]>(
      `SELECT DISTINCT project_id AS "projectId", request_id AS "requestId" FROM (
         SELECT project_id, request_id FROM auth.usage_report WHERE result IS NULL AND check_at <= now()
         ORDER BY check_at LIMIT $1) AS due`,
      [requestsMax],
    );
    return this.#requestsOf(manager, due);
  }

  /**
   * Returns requests with reports that were received within a range of time, ordered by id.
   * @param after id of the last request of the page before.
   */
  async findReceived(range: { from: Date; to: Date }, after: string, requestsMax: number): Promise<ReportedRequest[]> {
    return withEveryTenant(this.database, async (manager) => {
      const found = await manager.query<RequestKey[]>(
        `SELECT DISTINCT project_id AS "projectId", request_id AS "requestId" FROM auth.usage_report
         WHERE received_at >= $1 AND received_at < $2 AND request_id > $3 ORDER BY request_id LIMIT $4`,
        [range.from, range.to, after, requestsMax],
      );
      return this.#requestsOf(manager, found);
    });
  }

  async setResult(manager: EntityManager, keys: readonly RequestKey[], result: ReconciliationResult): Promise<void> {
    const set = `UPDATE auth.usage_report SET result = $3 WHERE ${IS_OF_REQUEST}`;
    await manager.query(set, [...parametersOf(keys), result]);
  }

  /** Sets when a request is compared with the ledger again. */
  async postpone(manager: EntityManager, key: RequestKey, until: Date): Promise<void> {
    const set = `UPDATE auth.usage_report SET check_at = $3 WHERE ${IS_OF_REQUEST} AND result IS NULL`;
    await manager.query(set, [...parametersOf([key]), until]);
  }

  /** Deletes reports of seven days ago that agree with the ledger. Those that do not are kept as evidence. */
  async deleteReconciled(batchMax: number): Promise<number> {
    const [row] = await withEveryTenant(this.database, (manager) =>
      manager.query<{ deleted: string }[]>(
        `WITH old AS (
           SELECT project_id, request_id, choice_index, attempt FROM auth.usage_report
           WHERE received_at < now() - interval '7 days' AND result IS NOT NULL AND result <> 'drift'
           ORDER BY received_at LIMIT $1 FOR UPDATE SKIP LOCKED
         ), deleted AS (
           DELETE FROM auth.usage_report USING old
           WHERE (usage_report.project_id, usage_report.request_id, usage_report.choice_index, usage_report.attempt)
             = (old.project_id, old.request_id, old.choice_index, old.attempt)
           RETURNING 1
         )
         SELECT count(*) AS deleted FROM deleted`,
        [batchMax],
      ),
    );
    return Number(row?.deleted);
  }

  async #requestsOf(manager: EntityManager, keys: readonly RequestKey[]): Promise<ReportedRequest[]> {
    const [projectIds, requestIds] = parametersOf(keys);
    const rows = await manager
      .getRepository(UsageReportRow)
      .createQueryBuilder('report')
      .where(
        '(report.project_id, report.request_id) IN (SELECT * FROM unnest(:projectIds::text[], :requestIds::text[]))',
        { projectIds, requestIds },
      )
      .orderBy('report.requestId')
      .getMany();
    const byRequest = Map.groupBy(rows, ({ projectId, requestId }) => `${projectId} ${requestId}`);
    return [...byRequest.values()].map(requestOf);
  }
}

function parametersOf(keys: readonly RequestKey[]): [projectIds: string[], requestIds: string[]] {
  return [keys.map(({ projectId }) => projectId), keys.map(({ requestId }) => requestId)];
}

function requestOf(rows: readonly UsageReportRow[]): ReportedRequest {
  const [{ context }] = rows as [UsageReportRow];
  return {
    context,
    generations: rows.map((row) => ({ ...row, endedAt: row.endedAt.getTime() })),
    receivedAt: Math.max(...rows.map(({ receivedAt }) => receivedAt.getTime())),
  };
}
