/** SQL that derives the rollups from rows of the ledger. */

/** A table of sums. */
export interface Rollup {
  readonly table: string;
  /** Its primary key: columns of the ledger, and `day`. */
  readonly keys: readonly string[];
  /** The rows of the ledger that are part of it. */
  readonly filter: string;
}

export const usageDay: Rollup = {
  table: 'auth.usage_day',
  keys: ['project_id', 'day', 'endpoint_id', 'key_id', 'model_id', 'tier'],
  filter: 'true',
};

export const usageDayEndUser: Rollup = {
  table: 'auth.usage_day_end_user',
  keys: ['project_id', 'end_user', 'day'],
  filter: "end_user <> ''",
};

export const rollups = [usageDay, usageDayEndUser] as const;

/** The day of UTC that a request is counted on: that of its start. */
export const DAY = "(started_at AT TIME ZONE 'UTC')::date";

const tokens = [
  'prompt_tokens',
  'cached_tokens',
  'completion_tokens',
  'reasoning_tokens',
  'accepted_prediction_tokens',
  'rejected_prediction_tokens',
];

/** The columns of sums, and how they are calculated from rows of the ledger. */
const sums: ReadonlyMap<string, string> = new Map([
  ['requests', 'count(*)'],
  ['failed_requests', "count(*) FILTER (WHERE outcome = 'failed')"],
  ['cancelled_requests', "count(*) FILTER (WHERE outcome = 'cancelled')"],
  ...tokens.map((column) => [column, `sum(${column})::bigint`] as const),
  ['cost_micros', 'coalesce(sum(cost_micros), 0)::bigint'],
  ['unpriced_requests', 'count(*) FILTER (WHERE cost_micros IS NULL)'],
]);

export const SUM_COLUMNS: readonly string[] = [...sums.keys()];

/** The columns of a rollup, in the order of `selectSums`. */
export function columnsOf({ keys }: Rollup): string {
  return [...keys, ...SUM_COLUMNS].join(', ');
}

/** @param source rows of the ledger: a table, or a CTE. */
export function selectSums({ keys, filter }: Rollup, source: string, where = 'true'): string {
  const key = keys.map((column) => (column === 'day' ? DAY : column));
  const columns = key.map((expression, at) => `${expression} AS ${keys[at]}`);
  const sum = [...sums].map(([column, expression]) => `${expression} AS ${column}`);
  // Sorted, so that concurrent transactions lock the rows in the same order.
  return `SELECT ${[...columns, ...sum].join(', ')} FROM ${source} WHERE ${filter} AND ${where}
    GROUP BY ${key.join(', ')} ORDER BY ${key.join(', ')}`;
}

/** Adds rows of the ledger to the sums. */
export function addToRollup(rollup: Rollup, source: string): string {
  const { table, keys } = rollup;
  const name = table.split('.').at(-1);
  return `INSERT INTO ${table} (${columnsOf(rollup)}) ${selectSums(rollup, source)}
    ON CONFLICT (${keys.join(', ')})
    DO UPDATE SET ${SUM_COLUMNS.map((column) => `${column} = ${name}.${column} + excluded.${column}`).join(', ')}`;
}
