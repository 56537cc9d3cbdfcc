import type { UsageEventRecord, UsageGroup, UsageSums } from '@xerotier/contracts/auth';
import { keysetPage, withDbErrors } from '@xerotier/db';
import { AppError } from '@xerotier/errors';
import type { EntityManager } from 'typeorm';
import { SUM_COLUMNS } from './rollups.ts';

/** What usage is selected by. */
export interface UsageSelection {
  readonly projectId: string;
  /** Days of UTC; the end is excluded. */
  readonly start: string;
  readonly end: string;
  readonly endpointId?: string | undefined;
  readonly keyId?: string | undefined;
  readonly modelIds?: readonly string[] | undefined;
}

export type UsageDimension = 'endpoint' | 'key' | 'model' | 'end_user';

interface Page {
  readonly after?: string | undefined;
  readonly limit: number;
  readonly order: 'asc' | 'desc';
}

interface Rows<T> {
  readonly data: T[];
  readonly hasMore: boolean;
}

/** Numbers of PostgreSQL that are strings. */
type Texts<T> = { [K in keyof T]: T[K] extends number ? string : T[K] };

const SUMS = SUM_COLUMNS.map((column) => `coalesce(sum(${column}), 0)::bigint AS "${camelCase(column)}"`).join(', ');

const FILTER = `($4::uuid IS NULL OR endpoint_id = $4) AND ($5::text IS NULL OR key_id = $5)
  AND ($6::text[] IS NULL OR model_id = ANY ($6))`;
const IN_DAYS = 'project_id = $1 AND day >= $2::date AND day < $3::date';
const STARTED_ON_DAY = `project_id = $1 AND started_at >= used.day::timestamp AT TIME ZONE 'UTC'
  AND started_at < (used.day + 1)::timestamp AT TIME ZONE 'UTC'`;

/** The day of the cursor is searched too. */
function dayIsAfterCursor(order: 'asc' | 'desc'): string {
  return `($7::timestamptz IS NULL OR day ${order === 'asc' ? '>=' : '<='} ($7::timestamptz AT TIME ZONE 'UTC')::date)`;
}

/** Where the sums of each dimension are, and what its members are called. */
const dimensions: Readonly<Record<UsageDimension, { column: string; type: string; from: string; name: string }>> = {
  endpoint: {
    ...{ column: 'endpoint_id', type: 'uuid', from: `auth.usage_day WHERE ${IN_DAYS} AND ${FILTER}` },
    name: '(SELECT slug FROM auth.endpoint WHERE endpoint.project_id = $1 AND endpoint.id = page.id)',
  },
  key: {
    ...{ column: 'key_id', type: 'text', from: `auth.usage_day WHERE ${IN_DAYS} AND ${FILTER}` },
    name: '(SELECT name FROM auth.api_key WHERE api_key.project_id = $1 AND api_key.id = page.id)',
  },
  model: {
    ...{ column: 'model_id', type: 'text', from: `auth.usage_day WHERE ${IN_DAYS} AND ${FILTER}` },
    name: 'NULL',
  },
  // Its rollup has no other dimension; the parameters are used all the same, since PostgreSQL must know their types.
  end_user: {
    ...{ column: 'end_user', type: 'text', from: `auth.usage_day_end_user WHERE ${IN_DAYS} AND ${unused(4)}` },
    name: 'NULL',
  },
};

const EVENT_KEYSET = [
  { name: 'started_at', type: 'timestamptz' },
  { name: 'id', type: 'bigint' },
] as const;

/** Reads the ledger and its rollups. Created per transaction: see SeedRepository. */
export class UsageQueriesRepository {
  constructor(private readonly manager: EntityManager) {}

  async totals(selection: UsageSelection): Promise<UsageSums> {
    const statement = `SELECT ${SUMS} FROM auth.usage_day WHERE ${IN_DAYS} AND ${FILTER}`;
    const [row] = await this.#query<Texts<UsageSums>>(statement, parametersOf(selection));
    return sumsOf(row!);
  }

  /** The days that have usage. */
  async listDays(selection: UsageSelection, page: Page): Promise<Rows<UsageSums & { day: string }>> {
    const { orderBy, isAfterCursor } = keysetPage([{ name: 'day', type: 'date' }], page.order, 7);
    const rows = await this.#query<Texts<UsageSums> & { day: string }>(
      `SELECT day::text AS day, ${SUMS} FROM auth.usage_day WHERE ${IN_DAYS} AND ${FILTER} AND ${isAfterCursor}
       GROUP BY usage_day.day ORDER BY usage_day.${orderBy} LIMIT $8`,
      [...parametersOf(selection), page.after ?? null, page.limit + 1],
    );
    return pageOf(
      rows.map((row) => ({ ...sumsOf(row), day: row.day })),
      page.limit,
    );
  }

  async listGroups(selection: UsageSelection, by: UsageDimension, page: Page): Promise<Rows<UsageGroup>> {
    const { column, type, from, name } = dimensions[by];
    const { orderBy, isAfterCursor } = keysetPage([{ name: column, type }], page.order, 7);
    const rows = await this.#query<Texts<UsageSums> & { id: string; name: string | null }>(
      `SELECT *, ${name} AS name FROM (
         SELECT ${column} AS id, ${SUMS} FROM ${from} AND ${isAfterCursor}
         GROUP BY ${column} ORDER BY ${orderBy} LIMIT $8
       ) AS page ORDER BY id ${page.order}`,
      [...parametersOf(selection), page.after ?? null, page.limit + 1],
    );
    return pageOf(
      rows.map((row) => ({ ...sumsOf(row), id: row.id, name: row.name })),
      page.limit,
    );
  }

  /**
   * Rows of the ledger by the start of the request. Day by day, and only on the days whose sums say that there are any, so that a
   * filter that matches few rows, or none, does not search all rows of the project.
   * @throws {AppError} `list.unknown_cursor`.
   */
  async listEvents(selection: UsageSelection, page: Page): Promise<Rows<UsageEventRecord>> {
    const cursor = page.after === undefined ? [null, null] : await this.#cursorOf(selection.projectId, page.after);
    const { orderBy, isAfterCursor } = keysetPage(EVENT_KEYSET, page.order, 7);
    const rows = await this.#query<EventRow>(
      `SELECT event.*, (SELECT slug FROM auth.endpoint WHERE endpoint.project_id = $1 AND endpoint.id = endpoint_id) AS slug
       FROM (SELECT DISTINCT day FROM auth.usage_day WHERE ${IN_DAYS} AND ${FILTER} AND ${dayIsAfterCursor(page.order)}
         ORDER BY day ${page.order}) AS used
       CROSS JOIN LATERAL (
         SELECT * FROM auth.usage_event WHERE ${STARTED_ON_DAY} AND ${FILTER} AND ${isAfterCursor}
         ORDER BY ${orderBy} LIMIT $9
       ) AS event
       ORDER BY day ${page.order}, ${orderBy} LIMIT $9`,
      [...parametersOf(selection), ...cursor, page.limit + 1],
    );
    return pageOf(rows.map(eventOf), page.limit);
  }

  /** As text, since a `Date` loses the microseconds. */
  async #cursorOf(projectId: string, requestId: string): Promise<string[]> {
    const [row] = await this.#query<{ startedAt: string; id: string }>(
      `SELECT started_at::text AS "startedAt", id FROM auth.usage_event WHERE request_id = $1 AND project_id = $2
       ORDER BY id LIMIT 1`,
      [requestId, projectId],
    );
    if (row === undefined) throw new AppError('list.unknown_cursor', { after: requestId }, { param: 'after' });
    return [row.startedAt, row.id];
  }

  #query<Row extends object>(statement: string, parameters: readonly unknown[]): Promise<Row[]> {
    return withDbErrors(() => this.manager.query<Row[]>(statement, [...parameters]));
  }
}

function parametersOf({ projectId, start, end, endpointId, keyId, modelIds }: UsageSelection): unknown[] {
  return [projectId, start, end, endpointId ?? null, keyId ?? null, modelIds ?? null];
}

/** A condition that is always true, with the parameters of `FILTER`. */
function unused(first: number): string {
  const types = ['uuid', 'text', 'text[]'];
  return `(true OR ${types.map((type, at) => `$${first + at}::${type} IS NULL`).join(' OR ')})`;
}

function pageOf<T>(rows: T[], limit: number): Rows<T> {
  return { data: rows.slice(0, limit), hasMore: rows.length > limit };
}

function camelCase(column: string): string {
  return column.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}

function sumsOf(row: Texts<UsageSums>): UsageSums {
  return Object.fromEntries(
    SUM_COLUMNS.map(camelCase).map((name) => [name, Number(row[name as keyof UsageSums])]),
  ) as UsageSums;
}

interface EventRow {
  readonly request_id: string;
  readonly kind: UsageEventRecord['kind'];
  readonly endpoint_id: string;
  readonly slug: string | null;
  readonly key_id: string;
  readonly model_id: string;
  readonly tier: string;
  readonly priority: UsageEventRecord['priority'];
  readonly requested_service_tier: UsageEventRecord['requestedServiceTier'];
  readonly end_user: string | null;
  readonly outcome: UsageEventRecord['outcome'];
  readonly streamed: boolean;
  readonly prompt_tokens: string;
  readonly cached_tokens: string;
  readonly completion_tokens: string;
  readonly reasoning_tokens: string;
  readonly accepted_prediction_tokens: string;
  readonly rejected_prediction_tokens: string;
  readonly cost_micros: string | null;
  readonly price_version: number | null;
  readonly started_at: Date;
  readonly duration_ms: string;
  readonly time_to_first_token_ms: string | null;
}

function eventOf(row: EventRow): UsageEventRecord {
  return {
    requestId: row.request_id,
    kind: row.kind,
    endpointId: row.endpoint_id,
    endpointSlug: row.slug,
    keyId: row.key_id,
    modelId: row.model_id,
    tier: row.tier,
    priority: row.priority,
    requestedServiceTier: row.requested_service_tier,
    endUser: row.end_user,
    outcome: row.outcome,
    streamed: row.streamed,
    usage: {
      promptTokens: Number(row.prompt_tokens),
      cachedTokens: Number(row.cached_tokens),
      completionTokens: Number(row.completion_tokens),
      reasoningTokens: Number(row.reasoning_tokens),
      acceptedPredictionTokens: Number(row.accepted_prediction_tokens),
      rejectedPredictionTokens: Number(row.rejected_prediction_tokens),
    },
    costMicros: numberOrNull(row.cost_micros),
    priceVersion: row.price_version,
    startedAt: row.started_at.getTime(),
    durationMs: Number(row.duration_ms),
    timeToFirstTokenMs: numberOrNull(row.time_to_first_token_ms),
  };
}

function numberOrNull(text: string | null): number | null {
  return text === null ? null : Number(text);
}
