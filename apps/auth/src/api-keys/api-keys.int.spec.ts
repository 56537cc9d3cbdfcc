import { hasValidChecksum, hashApiKey } from '@xerotier/api-keys';
import { accessChanged, apiKeysContract, projectEvent } from '@xerotier/contracts/auth';
import type { ApiKeyRecord, ChangeContext } from '@xerotier/contracts/auth';
import { withEveryTenant } from '@xerotier/db';
import { silentLog } from '@xerotier/log/testing';
import { connectBus, consumeEvents } from '@xerotier/nats';
import type { BusConnection } from '@xerotier/nats';
import { eventually } from '@xerotier/testing';
import { randomUUID } from 'node:crypto';
import { runningAuth } from '../../test/running-auth.ts';
import type { SeededProject } from '../../test/running-auth.ts';
import type { AccessChange } from '../access/access-change.ts';
import type { ApiKeysInput, ApiKeysOutput } from './api-keys.service.ts';

const INVALID = { code: 'auth.invalid_key' };
const NOT_FOUND = { code: 'api_key.not_found' };
const HOUR_SECONDS = 3_600;

const { operations } = apiKeysContract;
const auth = runningAuth();
let announced: AccessChange[] = [];
let project: SeededProject;
/** Of the key that was seeded with the project. */
let keyId: string;
let context: ChangeContext;

beforeAll(async () => {
  auth.bus.subscribe(accessChanged, (change) => void announced.push(change));
  await auth.bus.flush();
});

beforeEach(async () => {
  project = await auth.seed();
  ({ keyId } = await auth.authorize(project.key, project.id));
  context = {
    projectId: project.id,
    actor: { kind: 'api_key', id: keyId },
    clientAddress: '203.0.113.7',
    requestId: `req_${randomUUID()}`,
  };
  announced = [];
});

type Properties = Omit<ApiKeysInput<'createApiKey'>, 'context'>;

function create(properties: Partial<Properties> = {}, by = context): Promise<ApiKeysOutput<'createApiKey'>> {
  return auth.bus.call(operations.createApiKey, {
    ...{ context: by, name: 'production', scopes: ['inference'], expiresAt: null, endpointId: null },
    ...{ ipFilter: { allow: [], block: [] }, quota: null },
    ...properties,
  });
}

function rotate(graceSeconds = 24 * HOUR_SECONDS, id = keyId, by = context): Promise<ApiKeysOutput<'rotateApiKey'>> {
  return auth.bus.call(operations.rotateApiKey, { context: by, keyId: id, graceSeconds });
}

function revoke(id = keyId, by = context): Promise<ApiKeyRecord> {
  return auth.bus.call(operations.revokeApiKey, { context: by, keyId: id });
}

function get(id = keyId, projectId = project.id): Promise<ApiKeyRecord> {
  return auth.bus.call(operations.getApiKey, { projectId, keyId: id });
}

function list(page: Partial<ApiKeysInput<'listApiKeys'>> = {}): Promise<ApiKeysOutput<'listApiKeys'>> {
  return auth.bus.call(operations.listApiKeys, {
    ...{ projectId: project.id, limit: 20, order: 'desc', includeInactive: false },
    ...page,
  });
}

function isValid(key: string): Promise<boolean> {
  return auth.authorize(key, project.id).then(
    () => true,
    () => false,
  );
}

async function announcedFor(id: string): Promise<void> {
  await eventually('the change is announced', () =>
    announced.some((change) => change.projectId === project.id && change.keyId === id),
  );
}

async function alterKey(assignment: string, id = keyId): Promise<void> {
  await auth.database.query(`UPDATE auth.api_key SET ${assignment} WHERE id = $1`, [id]);
}

interface Audited {
  readonly action: string;
  readonly actor_kind: string;
  readonly actor_id: string;
  readonly client_address: string;
  readonly request_id: string;
  readonly target_type: string;
  readonly target_id: string;
  readonly before: Record<string, unknown> | null;
  readonly after: Record<string, unknown> | null;
}

function auditLog(): Promise<Audited[]> {
  return auth.database.query('SELECT * FROM auth.audit_event WHERE project_id = $1 ORDER BY sequence', [project.id]);
}

describe('create', () => {
  it('creates a key that is valid at once, with every property', async () => {
    const endpointId = (await auth.authorize(project.key, project.id, 'chat')).endpoints[0]?.id ?? '';
    const expiresAt = Date.now() + 60_000;
    const ipFilter = { allow: ['203.0.113.0/24', '2001:db8::/32'], block: ['203.0.113.9'] };
    const quota = { requests: 1_000, windowSeconds: HOUR_SECONDS };
    const scopes: ApiKeyRecord['scopes'] = ['inference', 'management'];
    const { key, value } = await create({ name: 'restricted', scopes, endpointId, expiresAt, ipFilter, quota });
    expect(key).toEqual({
      ...{ id: expect.stringMatching(/^key_/), name: 'restricted', scopes, last4: value.slice(-4) },
      ...{ endpointId, ipFilter, quota, expiresAt, createdAt: expect.any(Number) },
      ...{ spendCapMicros: null, revokedAt: null, lastUsedAt: null, previousValidUntil: null },
    });
    expect(Math.abs(key.createdAt - Date.now())).toBeLessThan(60_000);
    expect(hasValidChecksum(value)).toBe(true);
    expect(await auth.authorize(value, project.id, 'chat')).toMatchObject({ keyId: key.id, scopes, ipFilter, quota });
    expect(await get(key.id)).toEqual(key);
  });

  it('creates a key without restrictions', async () => {
    const { value } = await create();
    const access = await auth.authorize(value, project.id);
    expect(access).not.toHaveProperty('ipFilter');
    expect(access).not.toHaveProperty('quota');
  });

  it('creates one key for a repeated request', async () => {
    const repeated = { ...context, idempotencyKey: 'k' };
    const first = await create({}, repeated);
    expect(await create({}, repeated)).toEqual(first);
    await expect(create({ name: 'another' }, repeated)).rejects.toMatchObject({ code: 'idempotency.key_reused' });
    expect((await list()).data).toHaveLength(2);
    expect(await auditLog()).toHaveLength(1);
  });

  it('rejects an endpoint of another project, like an unknown one', async () => {
    const other = await auth.seed();
    const theirs = (await auth.authorize(other.key, other.id, 'chat')).endpoints[0]?.id ?? '';
    for (const endpointId of [theirs, randomUUID()])
      await expect(create({ endpointId })).rejects.toMatchObject({ code: 'endpoint.not_found' });
    expect(await auditLog()).toEqual([]);
  });

  it('rejects a project that does not exist', async () => {
    const creating = create({}, { ...context, projectId: 'proj_NOSUCHONE1' });
    await expect(creating).rejects.toMatchObject({ code: 'project.not_found' });
  });

  it('rejects more than 1,000 active keys of a project, even concurrently', async () => {
    await auth.database.query(
      `INSERT INTO auth.api_key (id, project_id, name, key_hash, last4, scopes, revoked_at)
       SELECT 'key_' || substr(md5($1 || i), 1, 24), $1, 'k', sha256(($1 || i)::bytea), 'abcd', '{inference}',
         CASE WHEN i > 996 THEN now() END
       FROM generate_series(1, 1010) AS i`,
      [project.id],
    );
    // One was seeded, so that three more are allowed.
    const created = await Promise.allSettled(
      Array.from({ length: 10 }, (_, at) => create({}, { ...context, idempotencyKey: `k${at}` })),
    );
    const codes = created.map((one) =>
      one.status === 'fulfilled' ? 'created' : (one.reason as { code: string }).code,
    );
    expect(codes.sort()).toEqual([...Array<string>(7).fill('api_key.too_many'), ...Array<string>(3).fill('created')]);
    await revoke();
    await expect(create()).resolves.toBeDefined();
  });
});

describe('list', () => {
  /** Oldest first. Several have the same time, and some differ by microseconds only. */
  async function createKeys(): Promise<string[]> {
    const ids: string[] = [];
    for (let at = 0; at < 7; at += 1) ids.push((await create({ name: `key ${at}` })).key.id);
    const micros = [10, 10, 20, 21, 22, 22, 1_000];
    for (const [at, id] of ids.entries())
      await alterKey(`created_at = '2026-11-01T00:00:00Z'::timestamptz + interval '${micros[at]} microseconds'`, id);
    await revoke(keyId);
    return [ids.slice(0, 2).sort(), ids.slice(2, 4), ids.slice(4, 6).sort(), ids.slice(6)].flat();
  }

  async function pages(order: 'asc' | 'desc', limit: number, includeInactive = false): Promise<string[][]> {
    const found: string[][] = [];
    let after: string | undefined;
    for (;;) {
      const { data, hasMore } = await list({ order, limit, includeInactive, ...(after !== undefined && { after }) });
      found.push(data.map(({ id }) => id));
      if (!hasMore) return found;
      after = data.at(-1)?.id;
    }
  }

  it.each([1, 2, 3, 7])('has every key once in both orders, in pages of %i', async (limit) => {
    const ids = await createKeys();
    expect((await pages('asc', limit)).flat()).toEqual(ids);
    expect((await pages('desc', limit)).flat()).toEqual(ids.toReversed());
    expect(await pages('asc', limit)).toHaveLength(Math.ceil(7 / limit));
  });

  it('contains revoked and expired keys on request', async () => {
    const [expired, active] = [(await create()).key.id, (await create()).key.id];
    await alterKey("expires_at = now() - interval '1 second'", expired);
    await revoke(keyId);
    expect((await list()).data.map(({ id }) => id)).toEqual([active]);
    expect((await list({ includeInactive: true })).data.map(({ id }) => id)).toEqual([active, expired, keyId]);
    // A cursor may be an inactive key: it may have been revoked since.
    expect((await list({ after: expired })).data).toEqual([]);
  });

  it('contains no keys of other projects, and rejects them as cursors', async () => {
    const other = await auth.seed();
    const theirs = (await auth.authorize(other.key, other.id)).keyId;
    expect((await list({ includeInactive: true })).data.map(({ id }) => id)).toEqual([keyId]);
    await expect(list({ after: theirs })).rejects.toMatchObject({ code: 'list.unknown_cursor', param: 'after' });
  });
});

describe('revoke', () => {
  it('invalidates a key at once and announces it', async () => {
    const revoked = await revoke();
    expect(revoked).toMatchObject({ id: keyId, revokedAt: expect.any(Number) });
    await expect(auth.authorize(project.key, project.id)).rejects.toMatchObject(INVALID);
    expect(await get()).toEqual(revoked);
    await announcedFor(keyId);
  });

  it('invalidates the value before a rotation too', async () => {
    const { value } = await rotate();
    await revoke();
    expect(await isValid(project.key)).toBe(false);
    expect(await isValid(value)).toBe(false);
  });

  it('does not affect other keys', async () => {
    const { value } = await create();
    await revoke();
    expect(await isValid(value)).toBe(true);
  });

  it('keeps the time of the first revocation, and is audited once', async () => {
    const first = await revoke();
    expect(await revoke()).toEqual(first);
    expect(await auditLog()).toHaveLength(1);
  });
});

describe('rotate', () => {
  it('creates a new value for the same key, and keeps the old one valid for the grace period', async () => {
    const { key, value } = await rotate();
    expect(hasValidChecksum(value)).toBe(true);
    expect((await auth.authorize(value, project.id)).keyId).toBe(keyId);
    expect((await auth.authorize(project.key, project.id)).keyId).toBe(keyId);
    const hoursLeft = ((key.previousValidUntil ?? 0) - Date.now()) / 3_600_000;
    expect(Math.round(hoursLeft)).toBe(24);
    expect(key.last4).toBe(value.slice(-4));
    await announcedFor(keyId);
  });

  it('rejects the old value after the grace period', async () => {
    const { value } = await rotate();
    await alterKey("previous_valid_until = now() - interval '1 second'");
    expect(await isValid(project.key)).toBe(false);
    expect(await isValid(value)).toBe(true);
  });

  it('rejects the old value at once without a grace period', async () => {
    const { key, value } = await rotate(0);
    expect(key.previousValidUntil).toBeNull();
    expect(await isValid(project.key)).toBe(false);
    expect(await isValid(value)).toBe(true);
  });

  it('keeps only the latest two values', async () => {
    const second = await rotate();
    await rotate();
    expect(await isValid(project.key)).toBe(false);
    expect(await isValid(second.value)).toBe(true);
  });

  it('returns the same value for a repeated request', async () => {
    const repeated = { ...context, idempotencyKey: 'k' };
    const first = await rotate(0, keyId, repeated);
    expect(await rotate(0, keyId, repeated)).toEqual(first);
    expect(await isValid(first.value)).toBe(true);
  });

  it.each([-1, 7 * 24 * HOUR_SECONDS + 1, NaN])('rejects a grace period of %p', async (graceSeconds) => {
    await expect(rotate(graceSeconds)).rejects.toThrow();
    expect(await isValid(project.key)).toBe(true);
  });
});

describe('setIpFilter and setQuota', () => {
  const filter = { allow: ['203.0.113.0/24'], block: ['203.0.113.9'] };

  it('replace and remove the restrictions of a key, and announce it', async () => {
    const set = await auth.bus.call(operations.setApiKeyIpFilter, { context, keyId, ipFilter: filter });
    expect(set.ipFilter).toEqual(filter);
    const quota = { requests: 10, windowSeconds: 60 };
    expect((await auth.bus.call(operations.setApiKeyQuota, { context, keyId, quota })).quota).toEqual(quota);
    expect(await auth.authorize(project.key, project.id)).toMatchObject({ ipFilter: filter, quota });
    await announcedFor(keyId);
    await auth.bus.call(operations.setApiKeyIpFilter, { context, keyId, ipFilter: { allow: [], block: [] } });
    await auth.bus.call(operations.setApiKeyQuota, { context, keyId, quota: null });
    const access = await auth.authorize(project.key, project.id);
    expect([access.ipFilter, access.quota]).toEqual([undefined, undefined]);
  });
});

describe('a key that may use one endpoint', () => {
  it('is rejected for other endpoints, and does not list them', async () => {
    project = await auth.seed({
      endpoints: ['chat', 'other'].map((slug) => ({ slug, modelId: 'tiny', tier: 'free' })),
    });
    context = { ...context, projectId: project.id };
    const chat = (await auth.authorize(project.key, project.id, 'chat')).endpoints[0];
    const { value } = await create({ endpointId: chat?.id ?? '' });
    expect((await auth.authorize(value, project.id, 'chat')).endpoints).toEqual([chat]);
    expect((await auth.authorize(value, project.id)).endpoints).toEqual([chat]);
    await expect(auth.authorize(value, project.id, 'other')).rejects.toMatchObject({
      code: 'auth.endpoint_not_allowed',
    });
    await expect(auth.authorize(value, project.id, 'none')).rejects.toMatchObject({ code: 'endpoint.not_found' });
  });
});

const ipFilter = { allow: [], block: [] };
const changesOfKeys: [string, (id: string, by: ChangeContext) => Promise<unknown>][] = [
  ['rotate', (id, by) => rotate(0, id, by)],
  ['setIpFilter', (id, by) => auth.bus.call(operations.setApiKeyIpFilter, { context: by, keyId: id, ipFilter })],
  ['setQuota', (id, by) => auth.bus.call(operations.setApiKeyQuota, { context: by, keyId: id, quota: null })],
];

describe.each([...changesOfKeys, ['revoke', (id: string, by: ChangeContext) => revoke(id, by)] as const])(
  '%s',
  (_, change) => {
    it.each([
      ['an unknown key', () => 'key_000000000000000000000000'],
      [
        'a key of another project',
        async () => {
          const other = await auth.seed();
          return (await auth.authorize(other.key, other.id)).keyId;
        },
      ],
    ])('rejects %s, and changes nothing', async (_, idOf) => {
      const id = await idOf();
      await expect(change(id, context)).rejects.toMatchObject({ ...NOT_FOUND, details: { key: id } });
      await expect(get(id)).rejects.toMatchObject({ ...NOT_FOUND, details: { key: id } });
      expect(await auditLog()).toEqual([]);
      expect(announced.filter((one) => one.keyId === id)).toEqual([]);
    });
  },
);

describe.each(changesOfKeys)('%s', (_, change) => {
  it.each(['revoked_at = now()', "expires_at = now() - interval '1 second'"])(
    'rejects a key with %s, and changes nothing',
    async (assignment) => {
      await alterKey(assignment);
      await expect(change(keyId, context)).rejects.toMatchObject({ code: 'api_key.inactive' });
      expect(await auditLog()).toEqual([]);
    },
  );
});

describe('the audit log', () => {
  it('has one record per change, with actor, address, request and the state before and after', async () => {
    const { key } = await create();
    await rotate(0, key.id);
    const quota = { requests: 10, windowSeconds: 60 };
    await auth.bus.call(operations.setApiKeyQuota, { context, keyId: key.id, quota });
    await revoke(key.id);
    const log = await auditLog();
    expect(log.map(({ action }) => action)).toEqual([
      'api_key.created',
      'api_key.rotated',
      'api_key.updated',
      'api_key.revoked',
    ]);
    for (const record of log) {
      expect(record).toMatchObject({
        ...{ actor_kind: 'api_key', actor_id: keyId, client_address: '203.0.113.7', request_id: context.requestId },
        ...{ target_type: 'api_key', target_id: key.id },
      });
    }
    expect(log[0]?.before).toBeNull();
    expect(log[0]?.after).toMatchObject({ id: key.id, name: 'production', quota: null, revokedAt: null });
    expect([log[2]?.before?.['quota'], log[2]?.after?.['quota']]).toEqual([null, quota]);
    expect([log[3]?.before?.['revokedAt'], log[3]?.after?.['revokedAt']]).toEqual([null, expect.any(Number)]);
  });
});

describe('events', () => {
  let connection: BusConnection;

  beforeAll(async () => {
    connection = await connectBus({ url: auth.servers.nats.url, name: 'test', log: silentLog() });
  });

  afterAll(() => connection.nats.close());

  it('leave the service once per change, and leave no row behind', async () => {
    const received: { type: string; projectId: string; data: unknown }[] = [];
    const { key } = await create();
    await rotate(0, key.id);
    await revoke(key.id);
    await revoke(key.id);
    const consuming = await consumeEvents(
      connection,
      projectEvent,
      (events) => {
        received.push(...events.filter(({ projectId }) => projectId === project.id));
        return Promise.resolve();
      },
      { durable: 'test', log: silentLog() },
    );
    await eventually('the events arrive', () => received.length === 3);
    // Events are not ordered.
    expect(received.map(({ type }) => type).sort()).toEqual(['key.created', 'key.revoked', 'key.rotated']);
    expect(received.find(({ type }) => type === 'key.created')?.data).toEqual({
      id: key.id,
      name: 'production',
      scopes: ['inference'],
      last4: key.last4,
    });
    await eventually('the outbox is empty', async () => {
      const rows = await auth.database.query<unknown[]>('SELECT 1 FROM auth.outbox WHERE payload::text LIKE $1', [
        `%${project.id}%`,
      ]);
      return rows.length === 0;
    });
    await consuming.stop();
    expect(received).toHaveLength(3);
  });
});

describe('stored and logged data', () => {
  it('contains no value of a key or its hash in clear text', async () => {
    // Rows of the outbox are deleted when they are published.
    await auth.servers.nats.stop().then(() => auth.servers.nats.restart());
    const repeated = { ...context, idempotencyKey: 'k' };
    const { value } = await eventually('the bus is connected', () => create({}, repeated));
    const rows = await withEveryTenant(auth.database, (manager) =>
      manager.query<Record<string, string>[]>(
        `SELECT (SELECT string_agg(audit_event::text, '') FROM auth.audit_event) AS audit,
                (SELECT string_agg(outbox::text, '') FROM auth.outbox) AS outbox,
                (SELECT string_agg(idempotency_key::text || encode(result, 'escape'), '') FROM auth.idempotency_key) AS keys,
                (SELECT string_agg(api_key::text, '') FROM auth.api_key) AS api_keys`,
      ),
    );
    const everything = JSON.stringify(rows) + auth.logText();
    expect(everything).toContain(context.projectId);
    for (const secret of [value, hashApiKey(value), Buffer.from(value).toString('hex')])
      expect(everything).not.toContain(secret);
  });
});
