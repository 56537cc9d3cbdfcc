/** What projects have stored and enqueued, for `npm run status`. */
import pg from 'pg';
import { z } from 'zod';

const TIMEOUT_MS = 2_000;

const row = z.object({
  files: z.coerce.number(),
  bytes: z.coerce.number(),
  uploads: z.coerce.number(),
  batches: z.array(z.object({ status: z.string(), count: z.number() })),
  lines: z.coerce.number(),
  linesDone: z.coerce.number(),
  linesPerSecond: z.coerce.number(),
});
export type StoredWork = z.infer<typeof row>;

/** The rate is measured as in `x_progress` of a batch. A batch without new results for ten minutes has none. */
const QUERY = `
  WITH running AS (
    SELECT lines_total, lines_completed + lines_failed AS done, samples, extract(epoch FROM now()) * 1000 AS now
    FROM batch.batch WHERE status = 'in_progress'
  )
  SELECT
    (SELECT count(*) FROM files.file) AS files,
    (SELECT coalesce(sum(bytes), 0) FROM files.file) AS bytes,
    (SELECT count(*) FROM files.upload WHERE status = 'pending') AS uploads,
    (SELECT coalesce(jsonb_agg(jsonb_build_object('status', state, 'count', count) ORDER BY state), '[]') FROM (
      SELECT CASE WHEN status = 'in_progress' AND paused_at IS NOT NULL THEN 'paused' ELSE status END AS state, count(*)
      FROM batch.batch WHERE NOT is_dry_run GROUP BY state) AS counted) AS batches,
    (SELECT coalesce(sum(lines_total), 0) FROM running) AS lines,
    (SELECT coalesce(sum(done), 0) FROM running) AS "linesDone",
    (SELECT coalesce(sum(1000 * (done - (samples->0->>'lines')::numeric) / (now - (samples->0->>'at')::numeric)), 0)
      FROM running WHERE now - (samples->1->>'at')::numeric < 600000 AND now - (samples->0->>'at')::numeric >= 5000
    ) AS "linesPerSecond"`;

/** @throws {Error} when the database does not respond, or a service has not made its tables yet. */
export async function storedWork(databaseUrl: string): Promise<StoredWork> {
  const client = new pg.Client({
    ...{ connectionString: databaseUrl, connectionTimeoutMillis: TIMEOUT_MS, query_timeout: TIMEOUT_MS },
  });
  // A connection that breaks off later is told here as well.
  client.on('error', () => undefined);
  try {
    await client.connect();
    // Row-level security, unless the role bypasses it.
    await client.query("SELECT set_config('app.every_project', 'on', false)");
    return row.parse((await client.query(QUERY)).rows[0]);
  } finally {
    await client.end().catch(() => undefined);
  }
}

const UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB'] as const;

export function textOf({ files, bytes, uploads, batches, ...lines }: StoredWork): string {
  const counts = batches.map(({ status, count }) => `${status} ${count}`);
  const running =
    lines.lines === 0
      ? ''
      : ` (${lines.linesDone} of ${lines.lines} lines, ${Number(lines.linesPerSecond.toPrecision(3))} per second)`;
  return [
    `Files: ${files}, ${sizeOf(bytes)}${uploads === 0 ? '' : `; ${uploads} pending ${uploads === 1 ? 'upload' : 'uploads'}`}`,
    `Batches: ${counts.length === 0 ? 'none' : counts.join(', ')}${running}`,
    '',
  ].join('\n');
}

function sizeOf(bytes: number): string {
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  return `${Number((bytes / 1_000 ** power).toPrecision(3))} ${UNITS[power]}`;
}
