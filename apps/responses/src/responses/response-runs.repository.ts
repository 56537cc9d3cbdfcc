import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { withEveryTenant, withTenant } from '@xerotier/db';
import { DataSource, In, IsNull } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { ResponseEvent } from './response-event.entity.ts';
import { Response } from './response.entity.ts';
import type { ResponseKey } from './responses.repository.ts';

/** A response that a process has taken. */
export interface ResponseClaim extends ResponseKey {
  readonly fence: number;
}

export type ResponseProgress = Pick<Response, 'streamed' | 'endedAt'>;

/** TypeORM returns the rows and the count of an UPDATE. */
type Updated = [rows: unknown[], count: number];

const IS_UNFINISHED = `status IN ('queued', 'in_progress') AND deleted_at IS NULL`;
const IS_IDLE = '(lease_until IS NULL OR lease_until < now())';

/** Who runs responses, and the events that they have written. Leases are those of the clock of the database. */
@Injectable()
export class ResponseRunsRepository {
  constructor(@InjectDataSource() private readonly database: DataSource) {}

  /** Takes an unfinished response that runs in the background, unless another process runs it. */
  claim({ projectId, id }: ResponseKey, leaseMs: number): Promise<Response | undefined> {
    return withTenant(this.database, projectId, async (manager) => {
      const [, count] = await manager.query<Updated>(
        `UPDATE responses.response SET status = 'in_progress', fence = fence + 1, lease_until = now() + make_interval(secs => $3)
         WHERE project_id = $1 AND id = $2 AND background AND ${IS_UNFINISHED} AND ${IS_IDLE}`,
        [projectId, id, leaseMs / 1_000],
      );
      return count === 1 ? manager.findOneByOrFail(Response, { projectId, id }) : undefined;
    });
  }

  /** Returns whether the process still has the response, and then for this long again. */
  async renew({ projectId, id, fence }: ResponseClaim, leaseMs: number): Promise<boolean> {
    const [, count] = await withTenant(this.database, projectId, (manager) =>
      manager.query<Updated>(
        `UPDATE responses.response SET lease_until = now() + make_interval(secs => $4)
         WHERE project_id = $1 AND id = $2 AND fence = $3 AND ${IS_UNFINISHED}`,
        [projectId, id, fence, leaseMs / 1_000],
      ),
    );
    return count === 1;
  }

  /** Lets another process take the response at once. */
  async release({ projectId, id, fence }: ResponseClaim): Promise<void> {
    await withTenant(this.database, projectId, (manager) =>
      manager.query(
        `UPDATE responses.response SET lease_until = NULL WHERE project_id = $1 AND id = $2 AND fence = $3 AND ${IS_UNFINISHED}`,
        [projectId, id, fence],
      ),
    );
  }

  /** Adds events if the process still has the response. Returns whether it did. */
  async appendEvents(
    claim: ResponseClaim,
    events: Pick<ResponseEvent, 'first' | 'last' | 'content'>,
  ): Promise<boolean> {
    const { projectId, id, fence } = claim;
    return withTenant(this.database, projectId, async (manager) => {
      const [live] = await manager.query<unknown[]>(
        `SELECT FROM responses.response WHERE project_id = $1 AND id = $2 AND fence = $3 AND ${IS_UNFINISHED} FOR SHARE`,
        [projectId, id, fence],
      );
      if (live === undefined) return false;
      await this.insertEvents(manager, claim, events);
      return true;
    });
  }

  /** Those that are there already, were written by the same process, whose connection was lost before it knew. */
  async insertEvents(
    manager: EntityManager,
    { projectId, id }: ResponseKey,
    events: Pick<ResponseEvent, 'first' | 'last' | 'content'>,
  ): Promise<void> {
    await manager
      .createQueryBuilder()
      .insert()
      .into(ResponseEvent)
      .values({ projectId, responseId: id, ...events })
      .orIgnore()
      .execute();
  }

  /** Returns how far a response is, without its content. */
  findProgress(manager: EntityManager, { projectId, id }: ResponseKey): Promise<ResponseProgress | null> {
    return manager.findOne(Response, {
      select: { projectId: true, id: true, streamed: true, endedAt: true },
      where: { projectId, id, deletedAt: IsNull() },
    });
  }

  /** Returns the events after a number, in their order; some of the first ones may not be after it. */
  eventsAfter(
    manager: EntityManager,
    { projectId, id }: ResponseKey,
    after: number,
    rowsMax?: number,
  ): Promise<ResponseEvent[]> {
    return manager
      .createQueryBuilder(ResponseEvent, 'event')
      .where({ projectId, responseId: id })
      .andWhere('event.last > :after', { after })
      .orderBy('event.first')
      .limit(rowsMax)
      .getMany();
  }

  /** Returns how many events a response has. */
  async countEvents(manager: EntityManager, { projectId, id }: ResponseKey): Promise<number> {
    const last = await manager.maximum(ResponseEvent, 'last', { projectId, responseId: id });
    return (last ?? -1) + 1;
  }

  transaction<T>(projectId: string, work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return withTenant(this.database, projectId, work);
  }

  /** Returns how many responses wait, of those that were created before, and how many have ended recently, of all projects. */
  async countAround(createdAt: Date, recentMs: number): Promise<{ before: number; ended: number }> {
    const rows = await withEveryTenant(this.database, (manager) =>
      manager.query<{ before: number; ended: number }[]>(
        `SELECT
           (SELECT count(*)::integer FROM responses.response
            WHERE status = 'queued' AND created_at < $1 AND deleted_at IS NULL) AS before,
           (SELECT count(*)::integer FROM responses.response
            WHERE background AND ended_at > now() - make_interval(secs => $2)) AS ended`,
        [createdAt, recentMs / 1_000],
      ),
    );
    return rows[0] ?? { before: 0, ended: 0 };
  }

  /** Returns unfinished responses that no process runs, the oldest first. */
  listIdle(background: boolean, countMax: number): Promise<Pick<Response, 'projectId' | 'id' | 'fence'>[]> {
    return withEveryTenant(this.database, (manager) =>
      manager
        .createQueryBuilder(Response, 'response')
        .select(['response.projectId', 'response.id', 'response.fence'])
        .where({ background, status: In(['queued', 'in_progress']) })
        .andWhere(`response.deleted_at IS NULL AND ${IS_IDLE}`)
        .orderBy('response.createdAt')
        .take(countMax)
        .getMany(),
    );
  }

  /** Returns the projects that have responses older than so many days. */
  async listProjectsWithOlder(days: number): Promise<string[]> {
    const rows = await withEveryTenant(this.database, (manager) =>
      manager.query<{ projectId: string }[]>(
        `SELECT DISTINCT project_id AS "projectId" FROM responses.response
         WHERE created_at < now() - make_interval(days => $1) AND deleted_at IS NULL ORDER BY project_id`,
        [days],
      ),
    );
    return rows.map(({ projectId }) => projectId);
  }

  /** Returns responses that are not stored, and have ended this long ago. */
  listUnstored(endedForMs: number, countMax: number): Promise<ResponseKey[]> {
    return withEveryTenant(this.database, (manager) =>
      manager.query<ResponseKey[]>(
        `SELECT project_id AS "projectId", id FROM responses.response
         WHERE NOT stored AND ended_at < now() - make_interval(secs => $1) AND deleted_at IS NULL LIMIT $2`,
        [endedForMs / 1_000, countMax],
      ),
    );
  }

  /** Deletes events of responses that have ended this long ago. Returns how many rows. */
  async deleteEvents(endedForMs: number, countMax: number): Promise<number> {
    const [, count] = await withEveryTenant(this.database, (manager) =>
      manager.query<Updated>(
        `DELETE FROM responses.response_event WHERE (project_id, response_id, first) IN (
           SELECT event.project_id, event.response_id, event.first FROM responses.response_event AS event
           JOIN responses.response AS response ON response.project_id = event.project_id AND response.id = event.response_id
           WHERE response.ended_at < now() - make_interval(secs => $1) LIMIT $2)`,
        [endedForMs / 1_000, countMax],
      ),
    );
    return count;
  }
}
