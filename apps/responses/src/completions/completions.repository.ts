import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Metadata } from '@xerotier/public-api/fields';
import { keysetPage, withTenant } from '@xerotier/db';
import { DataSource } from 'typeorm';
import { CompletionEntity } from './completion.entity.ts';

/** The owner of completions: an endpoint or, without one, a whole project. */
export interface CompletionScope {
  readonly projectId: string;
  readonly endpointId?: string | undefined;
}

export interface CompletionPage extends CompletionScope {
  /** The completion that the page follows. */
  readonly after?: { readonly createdAt: Date; readonly id: string } | undefined;
  readonly limit: number;
  readonly order: 'asc' | 'desc';
  readonly model?: string | undefined;
  readonly metadata?: Metadata | undefined;
}

export type CompletionSummary = Pick<CompletionEntity, 'id' | 'metadata' | 'content'>;

/** TypeORM returns the rows and the count of an UPDATE. */
type Updated<Row> = [rows: Row[], count: number];

const IN_SCOPE = 'project_id = $1 AND ($2::uuid IS NULL OR endpoint_id = $2)';

const KEYSET = [
  { name: 'created_at', type: 'timestamptz' },
  { name: 'id', type: 'text' },
];

/**
 * Selects one row more than requested, to determine `hasMore`; the content of rows beyond the page is not fetched.
 * Sizes are known without reading the columns.
 */
function pageQuery(order: 'asc' | 'desc'): string {
  const { orderBy: by, isAfterCursor } = keysetPage(KEYSET, order, 5);
  return `
  SELECT id, metadata, content, found > taken AS "hasMore" FROM (
    SELECT sized.*, count(*) OVER () AS taken FROM (
      SELECT page.*,
        row_number() OVER (ORDER BY ${by}) AS position,
        sum(octet_length(content) + octet_length(metadata::text)) OVER (ORDER BY ${by}) AS bytes,
        count(*) OVER () AS found
      FROM (
        SELECT created_at, id, metadata, content FROM responses.completion
        WHERE ${IN_SCOPE}
          AND ($3::text IS NULL OR model = $3)
          AND ($4::jsonb IS NULL OR metadata @> $4)
          AND ${isAfterCursor}
        ORDER BY ${by}
        LIMIT $7::integer + 1
      ) AS page
    ) AS sized
    WHERE position <= $7 AND (position = 1 OR bytes <= $8)
  ) AS taken
  ORDER BY ${by}`;
}

const PAGE_QUERIES = { asc: pageQuery('asc'), desc: pageQuery('desc') } as const;

const DELETE_OLDER = `
  DELETE FROM responses.completion WHERE project_id = $1 AND id IN (
    SELECT id FROM responses.completion WHERE project_id = $1 AND created_at < now() - make_interval(days => $2)
    ORDER BY created_at, id LIMIT $3 FOR UPDATE SKIP LOCKED)`;

@Injectable()
export class CompletionsRepository {
  constructor(@InjectDataSource() private readonly database: DataSource) {}

  /** Committed when it resolves. Does nothing when the project has a completion with this id. */
  async insertIfMissing(row: CompletionEntity): Promise<void> {
    await withTenant(this.database, row.projectId, (manager) =>
      manager.createQueryBuilder().insert().into(CompletionEntity).values(row).orIgnore().execute(),
    );
  }

  /** Returns the row with the given sealed columns. */
  findById(
    { projectId, endpointId }: CompletionScope,
    id: string,
    sealed: readonly ('content' | 'messages')[],
  ): Promise<CompletionEntity | null> {
    const select = { id: true, createdAt: true, metadata: true } as const;
    return withTenant(this.database, projectId, (manager) =>
      manager.findOne(CompletionEntity, {
        select: { ...select, content: sealed.includes('content'), messages: sealed.includes('messages') },
        where: { projectId, id, ...(endpointId !== undefined && { endpointId }) },
      }),
    );
  }

  /** Returns a page, truncated at this size in bytes; the first row is always included. */
  async listPage(page: CompletionPage, bytesMax: number): Promise<{ rows: CompletionSummary[]; hasMore: boolean }> {
    const { projectId, endpointId, after, limit, order, model, metadata } = page;
    const rows = await withTenant(this.database, projectId, (manager) =>
      manager.query<(CompletionSummary & { hasMore: boolean })[]>(PAGE_QUERIES[order], [
        projectId,
        endpointId ?? null,
        model ?? null,
        metadata === undefined ? null : JSON.stringify(metadata),
        after?.createdAt ?? null,
        after?.id ?? null,
        limit,
        bytesMax,
      ]),
    );
    return { rows, hasMore: rows[0]?.hasMore ?? false };
  }

  /** Returns the row with its new metadata, or null when it does not exist. */
  async updateMetadata(
    { projectId, endpointId }: CompletionScope,
    id: string,
    metadata: Metadata,
  ): Promise<CompletionSummary | null> {
    const [rows] = await withTenant(this.database, projectId, (manager) =>
      manager.query<Updated<CompletionSummary>>(
        `UPDATE responses.completion SET metadata = $4::jsonb WHERE ${IN_SCOPE} AND id = $3
         RETURNING id, metadata, content`,
        [projectId, endpointId ?? null, id, JSON.stringify(metadata)],
      ),
    );
    return rows[0] ?? null;
  }

  /** Deletes at most so many completions that are older than so many days, the oldest ones first. Returns how many. */
  async deleteOlder(projectId: string, days: number, max: number): Promise<number> {
    const [, deleted] = await withTenant(this.database, projectId, (manager) =>
      manager.query<Updated<unknown>>(DELETE_OLDER, [projectId, days, max]),
    );
    return deleted;
  }

  /** Returns whether the completion existed. */
  async delete({ projectId, endpointId }: CompletionScope, id: string): Promise<boolean> {
    const { affected } = await withTenant(this.database, projectId, (manager) =>
      manager.delete(CompletionEntity, { projectId, id, ...(endpointId !== undefined && { endpointId }) }),
    );
    return (affected ?? 0) > 0;
  }
}
