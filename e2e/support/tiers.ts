import pg from 'pg';

/** Changes the maximum of running requests of tiers, which nobody can do over HTTP. Call it before their first request. */
export async function setConcurrency(databaseUrl: string, max: number | null, tiers: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query('UPDATE auth.tier SET concurrency_max = $1 WHERE slug = ANY ($2)', [max, tiers]);
  } finally {
    await client.end();
  }
}
