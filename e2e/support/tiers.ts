import pg from 'pg';

const COLUMNS = { concurrencyMax: 'concurrency_max', burstRequests: 'burst_requests' } as const;

/** Changes a limit of tiers, without an admin. Call it before their first request, since gateways cache limits. */
export async function setTierLimit(
  databaseUrl: string,
  limit: keyof typeof COLUMNS,
  value: number | null,
  tiers: readonly string[],
): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query(`UPDATE auth.tier SET ${COLUMNS[limit]} = $1 WHERE slug = ANY ($2)`, [value, tiers]);
  } finally {
    await client.end();
  }
}
