import { AppError } from '@xerotier/errors';
import { In } from 'typeorm';
import type { FindOptionsWhere, ObjectLiteral, Repository } from 'typeorm';
import { withDbErrors } from './db-errors.ts';
import { keysetPage } from './keyset-page.ts';
import type { KeysetColumn } from './keyset-page.ts';

export interface PageRequest {
  /** The last id of the previous page. */
  readonly after?: string | undefined;
  readonly limit: number;
  readonly order: 'asc' | 'desc';
}

export interface ListOptions {
  /** What the list is ordered by: together unique in a project. */
  readonly columns: readonly KeysetColumn[];
  /** The rows of the table have its id in `project_id`. Absent for a list of the whole platform. */
  readonly projectId?: string | undefined;
  /** A further condition for rows of the list. */
  readonly filter?: string | undefined;
  /** Values that columns must have; undefined ones are no condition. */
  readonly equal?: Readonly<Record<string, string | undefined>>;
  /** Texts that columns must begin with; undefined ones are no condition. */
  readonly begins?: Readonly<Record<string, string | undefined>>;
  /** Texts that columns must contain; undefined ones are no condition. */
  readonly contains?: Readonly<Record<string, string | undefined>>;
}

/** Of the rows of a page as JSON: it has to fit into a message of the bus (1 MiB), with names of its own. */
const PAGE_BYTES_MAX = 512 * 1024;

/** Of a list of one project, the first parameter; that of the platform has none. */
const scopeOf = (projectId: string | undefined): string =>
  projectId === undefined ? '$1::text IS NULL' : 'project_id = $1';

/**
 * Returns one page of the rows of a list, fewer than the limit if they are large. The cursor need not be in the list any more, only
 * in the table.
 * @throws {AppError} `list.unknown_cursor`, `db.unavailable`.
 */
export async function listPage<Row extends ObjectLiteral & { readonly id: string }>(
  repository: Repository<Row>,
  { columns, projectId, filter = 'true', equal = {}, begins = {}, contains = {} }: ListOptions,
  { after, limit, order }: PageRequest,
): Promise<{ rows: Row[]; hasMore: boolean }> {
  const { tablePath } = repository.metadata;
  const cursor = after === undefined ? columns.map(() => null) : await cursorOf(repository, columns, projectId, after);
  const { orderBy, isAfterCursor } = keysetPage(columns, order, 3);
  const conditions = [
    ...Object.entries(equal).map(([name, value]) => ({ value, sql: (at: number) => `${name} = $${at}` })),
    ...Object.entries(begins).map(([name, value]) => ({
      value,
      sql: (at: number) => `starts_with(${name}, $${at})`,
    })),
    ...Object.entries(contains).map(([name, value]) => ({
      value,
      sql: (at: number) => `position($${at} in ${name}) > 0`,
    })),
  ].filter(({ value }) => value !== undefined);
  const restriction = conditions.map(({ sql }, at) => ` AND ${sql(3 + columns.length + at)}`).join('');
  const found = await withDbErrors(() =>
    repository.query<{ id: string }[]>(
      `SELECT id FROM ${tablePath} WHERE ${scopeOf(projectId)} AND (${filter}) AND ${isAfterCursor}${restriction}
       ORDER BY ${orderBy} LIMIT $2`,
      [projectId ?? null, limit + 1, ...cursor, ...conditions.map(({ value }) => value)],
    ),
  );
  const ids = found.slice(0, limit).map(({ id }) => id);
  const rows = await withDbErrors(() => repository.findBy({ id: In(ids) } as FindOptionsWhere<Row>));
  const byId = new Map(rows.map((row) => [row.id, row]));
  const existing = ids.flatMap((id) => byId.get(id) ?? []);
  const page = fitting(existing);
  return { rows: page, hasMore: found.length > limit || page.length < existing.length };
}

/** Returns the first rows up to the maximum size, at least one. */
function fitting<Row>(rows: readonly Row[]): Row[] {
  let bytes = 0;
  const end = rows.findIndex((row, at) => {
    bytes += Buffer.byteLength(JSON.stringify(row));
    return at > 0 && bytes > PAGE_BYTES_MAX;
  });
  return end === -1 ? [...rows] : rows.slice(0, end);
}

/** As text, since a `Date` loses the microseconds that order rows of the same millisecond. */
async function cursorOf<Row extends ObjectLiteral>(
  repository: Repository<Row>,
  columns: readonly KeysetColumn[],
  projectId: string | undefined,
  after: string,
): Promise<unknown[]> {
  const values = columns.map(({ name }) => `${name}::text AS ${name}`).join(', ');
  const rows = await withDbErrors(() =>
    repository.query<Record<string, string>[]>(
      `SELECT ${values} FROM ${repository.metadata.tablePath} WHERE ${scopeOf(projectId)} AND id = $2`,
      [projectId ?? null, after],
    ),
  );
  const [row] = rows;
  if (row === undefined) throw new AppError('list.unknown_cursor', { after }, { param: 'after' });
  return columns.map(({ name }) => row[name]);
}
