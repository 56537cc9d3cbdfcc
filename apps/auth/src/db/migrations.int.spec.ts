import { migrateDatabase, openDatabase } from '@xerotier/db';
import { differencesFromEntities, isolationOfTables } from '@xerotier/db/testing';
import { silentLog } from '@xerotier/log/testing';
import { testServers } from '@xerotier/testing';
import { randomUUID } from 'node:crypto';
import type { DataSource } from 'typeorm';
import { database as definition } from './database.ts';

const servers = testServers('postgres');
let database: DataSource;

beforeEach(async () => {
  database = await open();
});

afterEach(() => database.destroy());

function open(): Promise<DataSource> {
  return openDatabase({ ...definition, url: servers.postgres.url, poolMax: 2, log: silentLog() });
}

/** Everything in the schema that a migration could leave behind; indexes are dropped with their tables. */
async function contentsOfSchema(): Promise<string[]> {
  const rows = await database.query<{ name: string }[]>(
    `SELECT relkind::text || ' ' || relname AS name FROM pg_class WHERE relnamespace = 'auth'::regnamespace AND relkind <> 'i'
     UNION ALL SELECT 'function ' || proname FROM pg_proc WHERE pronamespace = 'auth'::regnamespace
     ORDER BY 1`,
  );
  return rows.map((row) => row.name).filter((name) => !name.includes('migrations'));
}

describe('the migrations', () => {
  it('match the entities', async () => {
    // Of the library.
    expect(await differencesFromEntities(database, ['inbox', 'outbox'])).toEqual([]);
  });

  it('run once', async () => {
    const names = await migrateDatabase({ ...definition, url: servers.postgres.url, log: silentLog() });
    expect(names).toEqual([]);
  });

  it('can be reverted completely and run again', async () => {
    const before = await contentsOfSchema();
    expect(before).toContain('r usage_event');
    for (const _ of database.migrations) await database.undoLastMigration();
    expect(await contentsOfSchema()).toEqual([]);
    await database.destroy();
    database = await open();
    expect(await contentsOfSchema()).toEqual(before);
  });
});

describe('the rollups', () => {
  it('begin with the sums of the ledger', async () => {
    const requestId = `req_${randomUUID()}`;
    await database.query(
      `INSERT INTO auth.usage_event (request_id, kind, project_id, endpoint_id, key_id, model_id, tier, priority, outcome,
         streamed, prompt_tokens, cached_tokens, completion_tokens, reasoning_tokens, accepted_prediction_tokens,
         rejected_prediction_tokens, started_at, duration_ms, end_user)
       SELECT $1 || i, 'chat.completion', 'proj_BACKFILL', gen_random_uuid(), 'key_1', 'tiny', 'free', 'interactive',
         'completed', false, 10, 4, 20, 0, 0, 0, '2026-11-20T23:59:59.999Z', 5, 'user-1' FROM generate_series(1, 3) AS i`,
      [requestId],
    );
    while ((await contentsOfSchema()).includes('r usage_day')) await database.undoLastMigration();
    await database.destroy();
    database = await open();
    const sums = (table: string): Promise<unknown[]> =>
      database.query(
        `SELECT day::text, sum(requests)::int AS requests, sum(prompt_tokens)::int AS tokens,
           sum(unpriced_requests)::int AS unpriced FROM auth.${table} WHERE project_id = 'proj_BACKFILL' GROUP BY day`,
      );
    const expected = [{ day: '2026-11-20', requests: 3, tokens: 30, unpriced: 3 }];
    expect(await sums('usage_day')).toEqual(expected);
    expect(await sums('usage_day_end_user')).toEqual(expected);
  });
});

describe('row-level security', () => {
  it('is forced on every table with rows of projects', async () => {
    const rows = await isolationOfTables(database);
    expect(rows.map(({ table }) => table)).toEqual([
      'api_key',
      'audit_event',
      'audit_head',
      'budget',
      'budget_alert',
      'endpoint',
      'idempotency_key',
      'invitation',
      'member',
      'project',
      'reported_generation',
      'usage_day',
      'usage_day_end_user',
      'usage_event',
    ]);
    const isolated = { isForced: true, policies: ['platform_access', 'tenant_isolation'] };
    expect(rows).toEqual(rows.map(({ table }) => ({ table, ...isolated })));
  });

  it('is on no other table: their rows belong to no project, or to the platform', async () => {
    const rows = await database.query<{ table: string }[]>(
      `SELECT relname AS table FROM pg_class
       WHERE relnamespace = 'auth'::regnamespace AND relkind = 'r' AND NOT relrowsecurity AND relname NOT LIKE '%migrations'
       ORDER BY relname`,
    );
    expect(rows.map(({ table }) => table)).toEqual([
      // Accounts and their sessions exist across projects; `member` connects them with one.
      'account',
      'account_attempt',
      'account_identity',
      'bootstrap_token',
      // Events of all projects on their way out or in: of the outbox library.
      'inbox',
      // Sealed messages to people.
      'mail',
      // Of accounts, and of invitations to people who have none.
      'one_time_token',
      'outbox',
      // Of second factors.
      'recovery_code',
      // Hashes of former values of keys, found by hash only.
      'replaced_key',
      'session',
      'team',
      'tier',
      'tier_price',
      'totp',
      // Has the generations of several projects; their accounts are sealed.
      'usage_report',
    ]);
  });
});

describe('the tiers', () => {
  it('are the eleven tiers with their limits', async () => {
    const rows = await database.query<Record<string, unknown>[]>('SELECT * FROM auth.tier');
    const limits = rows.map((row) => [row['slug'], row['requests_per_minute'], row['tokens_per_minute']]);
    expect(limits.sort()).toEqual([
      ['cpu_amd_optimized', 80, 100_000],
      ['cpu_intel_optimized', 80, 100_000],
      ['cpu_standard', 60, 50_000],
      ['free', 20, 10_000],
      ['gpu_amd_dedicated', 500, 500_000],
      ['gpu_amd_shared', 100, 250_000],
      ['gpu_intel_dedicated', 500, 500_000],
      ['gpu_intel_shared', 100, 250_000],
      ['gpu_nvidia_dedicated', 500, 500_000],
      ['gpu_nvidia_shared', 100, 250_000],
      ['self_hosted', null, null],
    ]);
  });

  it('reject a limit of zero', async () => {
    await expect(database.query("UPDATE auth.tier SET tokens_per_minute = 0 WHERE slug = 'free'")).rejects.toThrow(
      'check',
    );
  });
});

describe('the prices of tiers', () => {
  it('exist for each tier', async () => {
    const rows = await database.query<{ tier: string; micros: string }[]>(
      `SELECT slug AS tier, input_micros AS micros FROM auth.tier LEFT JOIN auth.tier_price ON tier = slug
       WHERE input_micros = cached_input_micros AND input_micros = output_micros ORDER BY slug`,
    );
    expect(Object.fromEntries(rows.map(({ tier, micros }) => [tier, Number(micros)]))).toEqual({
      cpu_amd_optimized: 500_000,
      cpu_intel_optimized: 500_000,
      cpu_standard: 500_000,
      free: 0,
      gpu_amd_dedicated: 1_000_000,
      gpu_amd_shared: 1_000_000,
      gpu_intel_dedicated: 1_000_000,
      gpu_intel_shared: 1_000_000,
      gpu_nvidia_dedicated: 1_250_000,
      gpu_nvidia_shared: 1_250_000,
      self_hosted: 0,
    });
  });

  it('are never changed', async () => {
    await expect(database.query('UPDATE auth.tier_price SET input_micros = 1')).rejects.toThrow('append-only');
    await expect(database.query('DELETE FROM auth.tier_price')).rejects.toThrow('append-only');
  });
});

describe('an endpoint', () => {
  const insert = (columns: string, values: string): Promise<unknown> =>
    database.query(
      `WITH team AS (INSERT INTO auth.team (name) VALUES ('t') RETURNING id),
            project AS (INSERT INTO auth.project (id, team_id, name, slug) SELECT 'proj_' || upper(substr(md5(random()::text), 1, 12)), id, 'p', 'p' FROM team RETURNING id)
       INSERT INTO auth.endpoint (project_id, slug, model_id, tier${columns}) SELECT id, 'chat', 'm', 'free'${values} FROM project RETURNING task`,
    );

  it('has the task generate by default', async () => {
    expect(await insert('', '')).toEqual([{ task: 'generate' }]);
    expect(await insert(', task', ", 'embed'")).toEqual([{ task: 'embed' }]);
  });

  it('rejects an unknown task', async () => {
    await expect(insert(', task', ", 'draw'")).rejects.toThrow('endpoint_task_check');
  });
});

describe('an API key', () => {
  it.each(["'{}'", "'{admin}'"])('rejects the scopes %s', async (scopes) => {
    const insert = database.query(
      `WITH team AS (INSERT INTO auth.team (name) VALUES ('t') RETURNING id),
            project AS (INSERT INTO auth.project (id, team_id, name, slug) SELECT 'proj_KEYSCOPES', id, 'p', 'p' FROM team RETURNING id)
       INSERT INTO auth.api_key (id, project_id, name, key_hash, last4, scopes)
       SELECT 'key_1', id, 'k', sha256('k'), 'abcd', ${scopes}::text[] FROM project`,
    );
    await expect(insert).rejects.toThrow('api_key_scopes_check');
  });
});
