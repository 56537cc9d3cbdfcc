import { generateApiKey, hashApiKey, hasValidChecksum } from '@xerotier/api-keys';
import { accessChanged, authContract } from '@xerotier/contracts/auth';
import { routerContract } from '@xerotier/contracts/router';
import type { Access } from '@xerotier/contracts/auth';
import { AppError } from '@xerotier/errors';
import { silentLog } from '@xerotier/log/testing';
import { Bus, connectBus } from '@xerotier/nats';
import { eventually, ServiceProgram, testServers } from '@xerotier/testing';
import type { Ended, ServiceRun } from '@xerotier/testing';
import type { AccessChange } from './access/access-change.ts';

const pepper = 'a pepper of at least thirty-two characters';
const masterKey = 'a1'.repeat(32);
const key = generateApiKey('home');
const document = {
  team: { name: 'Home' },
  project: { id: 'proj_HOME000001', name: 'Home', slug: 'home' },
  endpoints: [{ slug: 'chat', modelId: 'tiny', tier: 'self_hosted' }],
  keys: [{ name: 'mine', scopes: ['inference'], value: key }],
};

const servers = testServers('nats', 'postgres');
let env: NodeJS.ProcessEnv;
let program: ServiceProgram;
let bus: Bus;
let changes: AccessChange[];
const processes: ServiceRun[] = [];

beforeAll(async () => {
  program = await ServiceProgram.build('auth');
  env = {
    DATABASE_URL: servers.postgres.url,
    NATS_URL: servers.nats.url,
    AUTH_KEY_PEPPER: pepper,
    AUTH_MASTER_KEY: masterKey,
    USAGE_SEAL_KEY: masterKey,
  };
  bus = new Bus(await connectBus({ url: servers.nats.url, name: 'test', log: silentLog() }), { log: silentLog() });
  bus.subscribe(accessChanged, (change) => void changes.push(change));
  await bus.flush();
});

afterAll(async () => {
  await bus.close();
  await program.remove();
});

beforeEach(() => {
  changes = [];
});

afterEach(async () => {
  for (const { child, ended } of processes.splice(0)) {
    child.kill('SIGKILL');
    await ended;
  }
});

function startProcess(args: readonly string[], processEnv: NodeJS.ProcessEnv, input?: string): ServiceRun {
  const running = program.start(args, processEnv, input);
  processes.push(running);
  return running;
}

function serve(overrides: NodeJS.ProcessEnv = {}): ServiceRun {
  return startProcess([], { ...env, ...overrides });
}

function run(args: readonly string[], processEnv: NodeJS.ProcessEnv, input?: string): Promise<Ended> {
  return startProcess(args, processEnv, input).ended;
}

function authorize(value: string): Promise<Access> {
  return bus.call(authContract.operations.authorize, {
    keyHash: hashApiKey(value),
    projectId: 'proj_HOME000001',
    scope: 'inference',
    clientAddress: '127.0.0.1',
  });
}

describe('migrate', () => {
  it('needs only the database', async () => {
    expect(await run(['migrate'], { DATABASE_URL: servers.postgres.url })).toMatchObject({
      code: 0,
      stdout: '',
    });
  });

  it('migrates once when processes run concurrently on an empty database', async () => {
    const url = await emptyDatabase('together');
    const results = await Promise.all([1, 2].map(() => run(['migrate'], { DATABASE_URL: url })));
    expect(results.map(({ code }) => code)).toEqual([0, 0]);
    const migrated = results.filter(({ stderr }) => stderr.includes('database schema migrated'));
    expect(migrated).toHaveLength(1);
  });

  it('reports missing settings', async () => {
    const result = await run(['migrate'], {});
    expect(result.code).toBe(1);
    expect(result.stderr).toContain('DATABASE_URL is not set');
  });
});

describe('seed', () => {
  it('prints only the project id, and is idempotent', async () => {
    for (let time = 1; time <= 2; time += 1) {
      const result = await run(['seed'], env, JSON.stringify(document));
      expect(result).toMatchObject({ code: 0, stdout: '{"projectId":"proj_HOME000001"}\n' });
      expect(result.stderr).not.toContain(key);
    }
    await eventually('the change is announced', () => changes.length === 1);
  });

  it('prints the names of ended keys, and the reason on standard error', async () => {
    await seed(env);
    const value = generateApiKey('home');
    const more = { ...document, keys: [...document.keys, { name: 'other', scopes: ['inference'], value }] };
    await run(['seed'], env, JSON.stringify(more));
    await onDatabase("UPDATE auth.api_key SET revoked_at = now() WHERE name = 'other'");
    const result = await run(['seed'], env, JSON.stringify(more));
    expect(result).toMatchObject({ code: 1, stdout: '{"endedKeys":["other"]}\n' });
    expect(result.stderr).toContain("API key 'other' was revoked");
    expect(result.stderr).not.toContain(value);
  });

  it.each([
    ['invalid JSON', key],
    ['a document with a missing field', JSON.stringify({ ...document, team: undefined })],
    ['an invalid key', JSON.stringify({ ...document, keys: [{ ...document.keys[0], value: `${key}x` }] })],
  ])('rejects %s with exit code 1, without printing a key', async (_, input) => {
    const result = await run(['seed'], env, input);
    expect(result).toMatchObject({ code: 1, stdout: '' });
    expect(result.stderr).not.toContain(key);
  });
});

describe('seed with endpoints', () => {
  const other = { ...document, endpoints: [...document.endpoints, { slug: 'big', modelId: 'large', tier: 'free' }] };
  const seedOther = (overrides: NodeJS.ProcessEnv = {}): Promise<Ended> =>
    run(['seed'], { ...env, ...overrides }, JSON.stringify(other));

  /** A router with these models in its catalogue. */
  async function router(...ids: string[]): Promise<{ stop: () => Promise<void>; requested: string[][] }> {
    const requested: string[][] = [];
    const never = (): never => {
      throw new AppError('router.unavailable');
    };
    const serving = bus.serve(routerContract, {
      acquire: never,
      acquireMany: never,
      listModels: never,
      getModels: ({ ids: wanted }) => {
        requested.push(wanted);
        const known = wanted.filter((id) => ids.includes(id));
        return {
          models: known.map((id) => ({ id, name: id, ownedBy: 'us', contextTokens: 1, createdAt: 1 })),
        };
      },
    });
    await bus.flush();
    return { stop: () => serving.stop(), requested };
  }

  it('warns of a model that no worker serves, and seeds its endpoint', async () => {
    const { stop, requested } = await router('tiny');
    const { code, stdout, stderr } = await seedOther();
    await stop();
    expect([code, JSON.parse(stdout)]).toEqual([0, { projectId: document.project.id }]);
    expect(stderr).toContain("warning: no worker serves the model 'large' of the endpoint 'big'");
    expect(stderr).not.toContain("'tiny'");
    expect(requested).toEqual([['tiny', 'large']]);
  });

  it('does not warn when every model is known', async () => {
    const { stop } = await router('tiny', 'large');
    const { code, stderr } = await seedOther();
    await stop();
    expect([code, stderr]).toEqual([0, expect.not.stringContaining('warning')]);
  });

  it.each([
    ['no router responds', {}],
    ['NATS is unreachable', { NATS_URL: 'nats://127.0.0.1:9' }],
  ])('does not warn or fail when %s', async (_, overrides) => {
    const { code, stderr } = await seedOther(overrides);
    expect([code, stderr]).toEqual([0, expect.not.stringContaining('warning: no worker')]);
  });
});

describe('keys', () => {
  it('revokes a key of a running service at once', async () => {
    serve();
    await seed(env);
    const { keyId } = await eventually('the service responds', () => authorize(key));
    expect(await run(['keys', 'revoke', keyId], env)).toMatchObject({ code: 0, stdout: '' });
    await expect(authorize(key)).rejects.toMatchObject({ code: 'auth.invalid_key' });
    await eventually('the change is announced', () => changes.some((change) => change.keyId === keyId));
  });

  it('rotates a key, and prints the new value to standard output only', async () => {
    const value = generateApiKey('home');
    serve();
    await seed(env, value);
    const { keyId } = await eventually('the service responds', () => authorize(value));
    const result = await run(['keys', 'rotate', keyId, '0'], env);
    const rotated = JSON.parse(result.stdout) as { value: string };
    expect(hasValidChecksum(rotated.value)).toBe(true);
    expect(result.stderr).not.toContain(rotated.value);
    expect((await authorize(rotated.value)).keyId).toBe(keyId);
    await expect(authorize(value)).rejects.toMatchObject({ code: 'auth.invalid_key' });
  });

  it('reports an unknown key', async () => {
    const result = await run(['keys', 'revoke', 'key_none'], env);
    expect(result.code).toBe(1);
    expect(result.stderr).toContain("API key 'key_none' does not exist");
  });

  it('revokes without NATS, and logs the delay', async () => {
    const value = generateApiKey('home');
    serve();
    await seed(env, value);
    const { keyId } = await eventually('the service responds', () => authorize(value));
    const result = await run(['keys', 'revoke', keyId], { ...env, NATS_URL: 'nats://127.0.0.1:9' });
    expect(result.code).toBe(0);
    expect(result.stderr).toContain('access change not published');
    await expect(authorize(value)).rejects.toMatchObject({ code: 'auth.invalid_key' });
  });
});

describe('ledger reconcile', () => {
  const reportOf = (day: string): string => {
    const times = { startedAt: Date.parse(day), deadlineAt: Date.parse(day) };
    const context = { requestId: `req_${day}`, projectId: 'proj_1', kind: 'chat.completion', choices: 1, ...times };
    return `INSERT INTO auth.reported_generation (project_id, request_id, choice_index, attempt, worker_id, context, usage, outcome,
        caller_lost, begun, ended_at, received_at, check_at)
      VALUES ('proj_1', 'req_${day}', 0, 1, 'w1', '${JSON.stringify(context)}',
        '{"promptTokens": 7, "cachedTokens": 0, "completionTokens": 5, "reasoningTokens": 0, "acceptedPredictionTokens": 0, "rejectedPredictionTokens": 0}',
        'failed', true, true, '${day}', '${day}', '${day}')`;
  };

  it('succeeds when there is nothing to compare', async () => {
    await run(['migrate'], env);
    const result = await run(['ledger', 'reconcile', '2026-01-01', '2026-01-02T12:30Z'], env);
    expect(result.code).toBe(0);
    expect(JSON.parse(result.stdout)).toEqual({
      from: '2026-01-01T00:00:00.000Z',
      to: '2026-01-02T12:30:00.000Z',
      requests: { matched: 0, estimated: 0, unreported: 0, pending: 0, unkept: 0, drift: 0, unrecorded: 0 },
      driftTokens: 0,
    });
  });

  it('fails, and lists the requests that the ledger lacks, of the range only', async () => {
    await run(['migrate'], env);
    for (const day of ['2026-02-01', '2026-02-02', '2026-02-03']) await onDatabase(reportOf(day));
    const result = await run(['ledger', 'reconcile', '2026-02-02', '2026-02-03'], env);
    expect(result.code).toBe(1);
    expect(result.stderr).toContain('The ledger differs by 12 tokens in 1 requests.');
    const [request, totals] = result.stdout.trim().split('\n');
    expect(JSON.parse(request ?? '')).toEqual({
      requestId: 'req_2026-02-02',
      projectId: 'proj_1',
      result: 'unrecorded',
      tokens: 12,
    });
    expect(JSON.parse(totals ?? '')).toMatchObject({ driftTokens: 12, requests: { unrecorded: 1 } });
  });
});

describe('main', () => {
  it.each([
    [['nonsense']],
    [['toString']],
    [['keys']],
    [['keys', 'rotate', 'key_1', '169']],
    [['migrate', 'now']],
    [['usage']],
    [['ledger', 'reconcile', 'yesterday']],
    [['ledger', 'reconcile', '2026-13-01']],
  ])('prints the usage and exits with 2 for %j', async (args) => {
    const result = await run(args, env);
    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(result.stderr).toContain('usage: node dist/main.js');
  });

  it('does not start with a short pepper, and does not print it', async () => {
    const result = await run([], { ...env, AUTH_KEY_PEPPER: 'too-short' });
    expect(result.code).toBe(1);
    expect(result.stderr).toContain('AUTH_KEY_PEPPER');
    expect(result.stderr).not.toContain('too-short');
  });

  it('does not start on an outdated schema when migrations are off', async () => {
    const url = await emptyDatabase('untouched');
    const result = await run([], { ...env, DATABASE_URL: url, DATABASE_MIGRATE_ON_START: 'false' });
    expect(result.code).toBe(1);
    expect(result.stdout).toContain('subcommand `migrate`');
  });

  it('exits with 0 on SIGTERM, and logs no secrets', async () => {
    const value = generateApiKey('home');
    const running = serve({ LOG_LEVEL: 'debug' });
    await seed(env, value);
    await eventually('the service responds', () => authorize(value));
    running.child.kill('SIGTERM');
    expect((await running.ended).code).toBe(0);
    const output = running.output();
    expect(output).toContain('"shutdown completed"');
    for (const secret of [value, hashApiKey(value), pepper, masterKey, servers.postgres.password]) {
      expect(output).not.toContain(secret);
    }
  });
});

async function seed(to: NodeJS.ProcessEnv, value?: string): Promise<void> {
  const keys = value === undefined ? document.keys : [{ name: 'another', scopes: ['inference'], value }];
  expect((await run(['seed'], to, JSON.stringify({ ...document, keys }))).code).toBe(0);
}

async function onDatabase(sql: string): Promise<void> {
  const { DataSource } = await import('typeorm');
  const admin = await new DataSource({ type: 'postgres', url: servers.postgres.url }).initialize();
  await admin.query(sql);
  await admin.destroy();
}

async function emptyDatabase(name: string): Promise<string> {
  await onDatabase(`CREATE DATABASE "${name}"`);
  const url = new URL(servers.postgres.url);
  url.pathname = `/${name}`;
  return url.href;
}
