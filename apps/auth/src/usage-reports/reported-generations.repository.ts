import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { AccountingContext } from '@xerotier/contracts/inference';
import { withEveryTenant } from '@xerotier/db';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import type { Generation, ReconciliationResult, ReportedRequest } from './reconciliation.ts';
import { ReportedGenerationRow } from './reported-generation.entity.ts';
import { whileAlone } from './while-alone.ts';

/** A generation whose account was opened. */
export interface OpenedGeneration extends Omit<Generation, 'receivedAt'> {
  readonly context: AccountingContext;
  readonly workerId: string;
  /** When its report was received. */
  readonly receivedAt: Date;
}

const INSERT = `
  WITH written AS (
    INSERT INTO auth.reported_generation (project_id, request_id, choice_index, attempt, worker_id, context, usage, outcome,
      caller_lost, begun, ended_at, received_at, check_at)
    SELECT "projectId", "requestId", "choiceIndex", attempt, "workerId", context, usage, outcome, "callerLost", begun,
      "endedAt", "receivedAt", now()
    FROM json_to_recordset($1::json) AS generation ("projectId" text, "requestId" text, "choiceIndex" integer,
      attempt integer, "workerId" text, context jsonb, usage jsonb, outcome text, "callerLost" boolean, begun boolean,
      "endedAt" timestamptz, "receivedAt" timestamptz)
    ON CONFLICT DO NOTHING
    RETURNING 1
  )
  SELECT count(*) AS written FROM written`;

export type RequestKey = Pick<AccountingContext, 'projectId' | 'requestId'>;

const IS_OF_REQUEST = '(project_id, request_id) IN (SELECT * FROM unnest($1::text[], $2::text[]))';

/** Reported generations that the ledger has to be compared with. All methods see the rows of all projects. */
@Injectable()
export class ReportedGenerationsRepository {
  constructor(@InjectDataSource() private readonly database: DataSource) {}

  /**
   * Inserts all new generations or, when it throws, none. Their requests are due at once.
   * @returns the number of new ones.
   */
  async append(generations: readonly OpenedGeneration[]): Promise<number> {
    const rows = generations.map(({ endedAt, context, ...generation }) => ({
      ...generation,
      ...{ context, projectId: context.projectId, requestId: context.requestId },
      endedAt: new Date(endedAt),
    }));
    const [row] = await withEveryTenant(this.database, (manager) =>
      manager.query<{ written: string }[]>(INSERT, [JSON.stringify(rows)]),
    );
    return Number(row?.written);
  }

  /** Runs work in a transaction that no other replica runs at the same time; returns null if one does. */
  whileAlone<T>(work: (manager: EntityManager) => Promise<T>): Promise<T | null> {
    return whileAlone(this.database, work);
  }

  /** Returns requests that are to be compared with the ledger, those that wait for the longest time first. */
  async findDue(manager: EntityManager, requestsMax: number): Promise<ReportedRequest[]> {
    const due = await manager.query<RequestKey[]>(
      `SELECT project_id AS "projectId", request_id AS "requestId" FROM auth.reported_generation
       WHERE result IS NULL AND check_at <= now() GROUP BY project_id, request_id ORDER BY min(check_at) LIMIT $1`,
      [requestsMax],
    );
    return this.#requestsOf(manager, due);
  }

  /**
   * Returns requests with generations that were reported within a range of time, ordered by id.
   * @param after id of the last request of the page before.
   */
  async findReceived(range: { from: Date; to: Date }, after: string, requestsMax: number): Promise<ReportedRequest[]> {
    return withEveryTenant(this.database, async (manager) => {
      const found = await manager.query<RequestKey[]>(
        `SELECT DISTINCT project_id AS "projectId", request_id AS "requestId" FROM auth.reported_generation
         WHERE received_at >= $1 AND received_at < $2 AND request_id > $3 ORDER BY request_id LIMIT $4`,
        [range.from, range.to, after, requestsMax],
      );
      return this.#requestsOf(manager, found);
    });
  }

  async setResult(manager: EntityManager, keys: readonly RequestKey[], result: ReconciliationResult): Promise<void> {
    const set = `UPDATE auth.reported_generation SET result = $3 WHERE ${IS_OF_REQUEST}`;
    await manager.query(set, [...parametersOf(keys), result]);
  }

  /** Sets when requests are compared with the ledger again. */
  async postpone(manager: EntityManager, requests: readonly (RequestKey & { readonly until: Date })[]): Promise<void> {
    await manager.query(
      `UPDATE auth.reported_generation SET check_at = postponed.until
       FROM unnest($1::text[], $2::text[], $3::timestamptz[]) AS postponed (project_id, request_id, until)
       WHERE (reported_generation.project_id, reported_generation.request_id) =
         (postponed.project_id, postponed.request_id) AND result IS NULL`,
      [...parametersOf(requests), requests.map(({ until }) => until)],
    );
  }

  /** Deletes generations of seven days ago that agree with the ledger. Those that do not are kept as evidence. */
  async deleteReconciled(batchMax: number): Promise<number> {
    const [row] = await withEveryTenant(this.database, (manager) =>
      manager.query<{ deleted: string }[]>(
        `WITH old AS (
           SELECT project_id, request_id, choice_index, attempt FROM auth.reported_generation
           WHERE received_at < now() - interval '7 days' AND result IS NOT NULL AND result <> 'drift'
           ORDER BY received_at LIMIT $1 FOR UPDATE SKIP LOCKED
         ), deleted AS (
           DELETE FROM auth.reported_generation USING old
           WHERE (reported_generation.project_id, reported_generation.request_id, reported_generation.choice_index,
               reported_generation.attempt)
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
      .getRepository(ReportedGenerationRow)
      .createQueryBuilder('generation')
      .where(
        '(generation.project_id, generation.request_id) IN (SELECT * FROM unnest(:projectIds::text[], :requestIds::text[]))',
        { projectIds, requestIds },
      )
      .orderBy('generation.requestId')
      .getMany();
    const byRequest = Map.groupBy(rows, ({ projectId, requestId }) => `${projectId} ${requestId}`);
    return [...byRequest.values()].map(requestOf);
  }
}

function parametersOf(keys: readonly RequestKey[]): [projectIds: string[], requestIds: string[]] {
  return [keys.map(({ projectId }) => projectId), keys.map(({ requestId }) => requestId)];
}

function requestOf(rows: readonly ReportedGenerationRow[]): ReportedRequest {
  const [{ context }] = rows as [ReportedGenerationRow];
  return {
    context,
    generations: rows.map((row) => ({ ...row, endedAt: row.endedAt.getTime() })),
    receivedAt: Math.max(...rows.map(({ receivedAt }) => receivedAt.getTime())),
  };
}
