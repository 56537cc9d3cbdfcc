/** SQL about the current calendar month of UTC. */

/** Sum of what was spent in this month. The rollups have one row per day and, for example, key. */
export function spentInMonth(condition: string): string {
  return `(SELECT coalesce(sum(cost_micros), 0)::bigint FROM auth.usage_day
    WHERE ${condition} AND day >= date_trunc('month', now() AT TIME ZONE 'UTC')::date)`;
}

/** The end of this month in Unix milliseconds. */
export const MONTH_ENDS_AT = `(extract(epoch FROM
  (date_trunc('month', now() AT TIME ZONE 'UTC') + interval '1 month') AT TIME ZONE 'UTC') * 1000)::bigint`;
