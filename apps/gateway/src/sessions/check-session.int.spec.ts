import 'reflect-metadata';
import { Controller, Module, Req } from '@nestjs/common';
import { generateApiKey } from '@xerotier/api-keys';
import { accountsContract, authContract, sessionsChanged } from '@xerotier/contracts/auth';
import type { ActiveSession, MemberAccess } from '@xerotier/contracts/auth';
import { service } from '@xerotier/contracts/define';
import { AppError } from '@xerotier/errors';
import { createHttpApp } from '@xerotier/http';
import type { HttpApp } from '@xerotier/http';
import { capturedLog } from '@xerotier/log/testing';
import type { Bus } from '@xerotier/nats';
import { testBuses } from '@xerotier/nats/testing';
import { defineOperation } from '@xerotier/public-api/operation';
import { eventually, testServers } from '@xerotier/testing';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { AccessService } from '../access/access.service.ts';
import { Operation } from '../operations/operation.decorator.ts';
import { operationHooks } from '../operations/operation-hooks.ts';
import { hashOfToken, newSessionToken } from './session-token.ts';
import { SessionsService } from './sessions.service.ts';

const servers = testServers('nats');
const connectBus = testBuses(() => servers.nats.url);

const { getSession, getMemberAccess } = accountsContract.operations;
const sessionsContract = service('auth', { getSession, getMemberAccess });

const ACCOUNT_ID = `user_${'0'.repeat(24)}`;
const SESSION_ID = `sess_${'0'.repeat(24)}`;
const ACTIVE: ActiveSession = {
  account: {
    ...{ id: ACCOUNT_ID, email: 'ada@example.com', name: 'Ada', systemRole: null },
    ...{ emailVerifiedAt: null, createdAt: 0 },
  },
  session: {
    ...{ id: SESSION_ID, createdAt: 0, lastSeenAt: 0, expiresAt: 4_102_444_800_000 },
    ...{ clientAddress: '127.0.0.1', userAgent: '' },
  },
  memberships: [],
};
const TOKEN = newSessionToken();
const COOKIE = `__Host-session=${TOKEN}`;
const KEY = generateApiKey('demo');

const common = { tag: 'Accounts', summary: 'Test', errors: [], response: z.object({ by: z.string() }) } as const;
const own = { ...common, path: '/api/v1/own', permission: null, auth: 'session' } as const;
const getOwn = defineOperation({ ...own, operationId: 'getOwn', method: 'get' });
const deleteOwn = defineOperation({ ...own, operationId: 'deleteOwn', method: 'delete' });
const keys = { ...common, path: '/v1/keys', bases: 'project', auth: 'either' } as const;
const listKeys = defineOperation({ ...keys, operationId: 'listKeys', method: 'get', permission: 'keys:read' });
const deleteKeys = defineOperation({ ...keys, operationId: 'deleteKeys', method: 'delete', permission: 'keys:write' });
const open = { ...common, operationId: 'open', path: '/api/v1/open', permission: null, auth: 'none' } as const;
const postOpen = defineOperation({ ...open, method: 'post' });
const admin = { ...common, permission: null, auth: 'session', method: 'get' } as const;
const readAll = defineOperation({
  ...admin,
  operationId: 'readAll',
  path: '/api/v1/admin/all',
  systemRole: 'operator',
});
const operations = [getOwn, deleteOwn, listKeys, deleteKeys, postOpen, readAll];

/** Names whoever calls. */
async function by({ session, principal }: FastifyRequest): Promise<{ by: string }> {
  return Promise.resolve({ by: principal?.kind ?? session?.account.id ?? 'nobody' });
}

@Controller()
class CallersController {
  @Operation(getOwn)
  getOwn(@Req() request: FastifyRequest): Promise<{ by: string }> {
    return by(request);
  }

  @Operation(deleteOwn)
  deleteOwn(@Req() request: FastifyRequest): Promise<{ by: string }> {
    return by(request);
  }

  @Operation(listKeys)
  listKeys(@Req() request: FastifyRequest): Promise<{ by: string }> {
    return by(request);
  }

  @Operation(deleteKeys)
  deleteKeys(@Req() request: FastifyRequest): Promise<{ by: string }> {
    return by(request);
  }

  @Operation(readAll)
  readAll(@Req() request: FastifyRequest): Promise<{ by: string }> {
    return by(request);
  }

  @Operation(postOpen)
  open(@Req() request: FastifyRequest): Promise<{ by: string }> {
    return by(request);
  }
}

@Module({ controllers: [CallersController] })
class CallersModule {}

const apps: HttpApp[] = [];
let url: string;
let auth: Bus;
let log: ReturnType<typeof capturedLog>;
/** Hashes of tokens that auth was asked about. */
let asked: string[];
let session: () => ActiveSession | Promise<ActiveSession>;
let role: MemberAccess['role'] | undefined;

beforeEach(async () => {
  asked = [];
  session = () => ACTIVE;
  role = 'owner';
  auth = (await connectBus()).bus;
  auth.serve(authContract, {
    authorize: async ({ scope }) => ({
      ...{ keyId: 'key_1', scopes: [scope], project: { id: 'proj_1', slug: 'demo' }, endpoints: [] },
    }),
  });
  auth.serve(sessionsContract, {
    getSession: ({ tokenHash }) => (asked.push(tokenHash), session()),
    getMemberAccess: async ({ projectId }) => {
      if (role === undefined) throw new AppError('project.not_found', { project: projectId });
      return { role, project: { id: projectId, slug: 'demo' }, endpoints: [] };
    },
  });
  await auth.flush();
  const gateway = (await connectBus()).bus;
  const [access, sessions] = [new AccessService(gateway), new SessionsService(gateway)];
  await gateway.flush();
  log = capturedLog();
  const app = await createHttpApp(CallersModule, {
    ...{ log: log.log, bodyBytesMax: 1_024 },
    ...operationHooks({
      ...{ access: () => access, sessions: () => sessions, log: log.log, checkResponses: false, operations },
    }),
  });
  apps.push(app);
  url = `http://127.0.0.1:${await app.listen(0, '127.0.0.1')}`;
});
afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

type Outcome = [status: number, callerOrCode: string | undefined];

async function send(
  route: string,
  headers: Record<string, string> = { cookie: COOKIE, origin: url },
): Promise<Outcome> {
  const [method = '', path = ''] = route.split(' ');
  const response = await fetch(`${url}${path}`, { method, headers });
  const body = (await response.json()) as { by?: string; error?: { code: string } };
  return [response.status, body.by ?? body.error?.code];
}

describe('an operation with a system role', () => {
  const withRole = (systemRole: 'admin' | 'operator' | null): void => {
    session = () => ({ ...ACTIVE, account: { ...ACTIVE.account, systemRole } });
  };

  it.each([
    ['operator', [200, ACCOUNT_ID]],
    ['admin', [200, ACCOUNT_ID]],
    [null, [403, 'role_insufficient']],
  ] as const)('for an account with the role %s', async (systemRole, outcome) => {
    withRole(systemRole);
    expect(await send('GET /api/v1/admin/all')).toEqual(outcome);
  });

  it('looks up the role each time, so that one that was taken away is not used, although the session is cached', async () => {
    withRole('operator');
    await send('GET /api/v1/own');
    expect(await send('GET /api/v1/admin/all')).toEqual([200, ACCOUNT_ID]);
    withRole(null);
    expect(await send('GET /api/v1/admin/all')).toEqual([403, 'role_insufficient']);
    expect(await send('GET /api/v1/own')).toEqual([200, ACCOUNT_ID]);
  });

  it('accepts no key', async () => {
    const headers = { authorization: `Bearer ${KEY}` };
    expect(await send('GET /api/v1/admin/all', headers)).toEqual([401, 'invalid_session']);
  });

  it('below /api/v1/admin must state it', () => {
    const undeclared = { ...getOwn, path: '/api/v1/admin/undeclared' } as const;
    expect(() => Operation(undeclared)).toThrow('needs a system role');
  });
});

describe('an operation with a session', () => {
  it('is served with its cookie, and auth learns the hash of the token only', async () => {
    expect(await send('GET /api/v1/own')).toEqual([200, ACCOUNT_ID]);
    expect(asked).toEqual([hashOfToken(TOKEN)]);
    expect(log.text()).toContain(SESSION_ID);
    expect(log.text()).not.toContain(TOKEN);
  });

  it.each<Record<string, string>>([
    {},
    { cookie: 'a=b' },
    { cookie: '__Host-session=short' },
    { authorization: `Bearer ${KEY}` },
  ])('is a 401 with %j, without a lookup', async (headers) => {
    expect(await send('GET /api/v1/own', headers)).toEqual([401, 'invalid_session']);
    expect(asked).toEqual([]);
  });

  it('is a 401 with an ended session, which is looked up once a second', async () => {
    session = () => Promise.reject(new AppError('session.invalid'));
    for (let i = 0; i < 3; i++) expect(await send('GET /api/v1/own')).toEqual([401, 'invalid_session']);
    expect(asked).toHaveLength(1);
  });

  it('is a 503 while auth is unavailable, and not rejected afterwards', async () => {
    session = () => Promise.reject(new AppError('db.unavailable'));
    expect(await send('GET /api/v1/own')).toEqual([503, 'service_unavailable']);
    session = () => ACTIVE;
    expect(await send('GET /api/v1/own')).toEqual([200, ACCOUNT_ID]);
  });

  it('has a response that nobody may keep, unlike one with a key', async () => {
    const cachingOf = async (path: string, headers: Record<string, string>): Promise<string | null> =>
      (await fetch(url + path, { headers })).headers.get('cache-control');
    expect(await cachingOf('/api/v1/own', { cookie: COOKIE })).toBe('no-store');
    expect(await cachingOf('/proj_1/v1/keys', { cookie: COOKIE })).toBe('no-store');
    expect(await cachingOf('/proj_1/v1/keys', { authorization: `Bearer ${KEY}` })).toBeNull();
  });

  it('looks a session up once, until it changes', async () => {
    for (let i = 0; i < 3; i++) await send('GET /api/v1/own');
    expect(asked).toHaveLength(1);
    auth.publish(sessionsChanged, { accountId: `user_${'1'.repeat(24)}` });
    auth.publish(sessionsChanged, { accountId: ACCOUNT_ID, sessionId: `sess_${'1'.repeat(24)}` });
    await auth.flush();
    expect(await send('GET /api/v1/own')).toEqual([200, ACCOUNT_ID]);
    expect(asked).toHaveLength(1);
    session = () => Promise.reject(new AppError('session.invalid'));
    for (const change of [{ accountId: ACCOUNT_ID, sessionId: SESSION_ID }, { accountId: ACCOUNT_ID }]) {
      auth.publish(sessionsChanged, change);
      await eventually('the session is rejected', async () => (await send('GET /api/v1/own'))[0] === 401);
    }
  });

  it('does not cache a response that may be older than a change', async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    session = () => held.then(() => ACTIVE);
    const first = send('GET /api/v1/own');
    await eventually('the session is looked up', () => asked.length === 1);
    auth.publish(sessionsChanged, { accountId: ACCOUNT_ID });
    await auth.flush();
    // The gateway has received the change when it looks the session up again.
    session = () => Promise.reject(new AppError('session.invalid'));
    await eventually('it is looked up again', async () => {
      if (asked.length === 1) void send('GET /api/v1/own');
      return Promise.resolve(asked.length > 1);
    });
    release();
    expect(await first).toEqual([200, ACCOUNT_ID]);
    await eventually('the session is rejected', async () => (await send('GET /api/v1/own'))[0] === 401);
  });

  it('that changes something must come from the site itself', async () => {
    expect(await send('DELETE /api/v1/own')).toEqual([200, ACCOUNT_ID]);
    const foreign: Record<string, string>[] = [{}, { origin: 'https://evil.test' }, { 'sec-fetch-site': 'cross-site' }];
    for (const headers of foreign)
      expect(await send('DELETE /api/v1/own', { cookie: COOKIE, ...headers })).toEqual([403, 'origin_not_allowed']);
    expect(await send('GET /api/v1/own', { cookie: COOKIE, origin: 'https://evil.test' })).toEqual([200, ACCOUNT_ID]);
  });
});

describe('an operation for everyone that changes something', () => {
  it('must come from the site itself', async () => {
    expect(await send('POST /api/v1/open', { origin: url })).toEqual([200, 'nobody']);
    expect(await send('POST /api/v1/open', {})).toEqual([403, 'origin_not_allowed']);
  });
});

describe('an operation with a key or a session', () => {
  it('is served to a key, from any site', async () => {
    const headers = { authorization: `Bearer ${KEY}`, origin: 'https://evil.test' };
    expect(await send('DELETE /proj_1/v1/keys', headers)).toEqual([200, 'api_key']);
    expect(await send('DELETE /proj_1/v1/keys', { ...headers, cookie: COOKIE })).toEqual([200, 'api_key']);
  });

  it('is served to an owner', async () => {
    expect(await send('GET /proj_1/v1/keys')).toEqual([200, 'user_session']);
    expect(await send('DELETE /proj_1/v1/keys')).toEqual([200, 'user_session']);
  });

  it('is served to a member if it only reads', async () => {
    role = 'member';
    expect(await send('GET /proj_1/v1/keys')).toEqual([200, 'user_session']);
    expect(await send('DELETE /proj_1/v1/keys')).toEqual([403, 'role_insufficient']);
  });

  it('is a 404 for the project of others, or an invalid one', async () => {
    role = undefined;
    for (const project of ['proj_2', 'a%20b'])
      expect(await send(`GET /${project}/v1/keys`)).toEqual([404, 'project_not_found']);
  });

  it('is a 401 without both, and without a project for a session', async () => {
    expect(await send('GET /proj_1/v1/keys', {})).toEqual([401, 'invalid_api_key']);
    expect(await send('GET /v1/keys')).toEqual([401, 'invalid_api_key']);
  });

  it('that changes something must come from the site itself with a session', async () => {
    const headers = { cookie: COOKIE, origin: 'https://evil.test' };
    expect(await send('DELETE /proj_1/v1/keys', headers)).toEqual([403, 'origin_not_allowed']);
  });
});
