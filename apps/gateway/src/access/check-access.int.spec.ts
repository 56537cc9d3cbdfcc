import 'reflect-metadata';
import { Controller, Get, Module, Req } from '@nestjs/common';
import { generateApiKey } from '@xerotier/api-keys';
import { authContract } from '@xerotier/contracts/auth';
import type { Access } from '@xerotier/contracts/auth';
import { AppError } from '@xerotier/errors';
import { createHttpApp } from '@xerotier/http';
import type { HttpApp } from '@xerotier/http';
import { capturedLog } from '@xerotier/log/testing';
import { testBuses } from '@xerotier/nats/testing';
import { eventually, testServers } from '@xerotier/testing';
import { defineOperation } from '@xerotier/public-api/operation';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { AccessService } from './access.service.ts';
import { Operation } from '../operations/operation.decorator.ts';
import { operationHooks } from '../operations/operation-hooks.ts';
import type { SessionsService } from '../sessions/sessions.service.ts';
import { accessOf } from './check-access.ts';

const servers = testServers('nats');
const connectBus = testBuses(() => servers.nats.url);

const KEY = generateApiKey('demo');
const ACCESS: Access = {
  keyId: 'key_1',
  scopes: ['inference'],
  project: { id: 'proj_1', slug: 'demo' },
  endpoints: [],
};

const common = { tag: 'Models', summary: 'Test', errors: [] } as const;
const things = { ...common, path: '/v1/things', permission: 'models:read' } as const;
const listThings = defineOperation({
  ...things,
  operationId: 'listThings',
  method: 'get',
  response: z.object({ keyId: z.string() }),
});
const createThing = defineOperation({
  ...things,
  operationId: 'createThing',
  method: 'post',
  request: z.object({}),
  response: z.object({ body: z.unknown() }),
});
const readPublic = defineOperation({
  ...common,
  operationId: 'readPublic',
  method: 'get',
  path: '/open',
  permission: null,
  response: z.object({ open: z.boolean(), access: z.unknown() }),
});
const operations = [listThings, createThing, readPublic];

@Controller()
class GuardedController {
  @Operation(listThings)
  async list(@Req() request: FastifyRequest): Promise<{ keyId: string }> {
    return { keyId: accessOf(request).keyId };
  }

  @Operation(createThing)
  async create(@Req() request: FastifyRequest): Promise<{ body: unknown }> {
    return { body: request.body };
  }
}

@Controller()
class PublicController {
  @Operation(readPublic)
  async read(@Req() request: FastifyRequest): Promise<{ open: boolean; access: unknown }> {
    return { open: true, access: request.access ?? null };
  }
}

@Controller()
class UndeclaredController {
  @Get(':project/v1/secrets')
  list(): object {
    return { secret: true };
  }
}

@Module({ controllers: [GuardedController, PublicController] })
class GuardedModule {}

@Module({ controllers: [GuardedController, UndeclaredController] })
class UndeclaredModule {}

@Module({ controllers: [PublicController] })
class PublicModule {}

const apps: HttpApp[] = [];
afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

/** Not called: no operation accepts a session. */
const sessions = (): SessionsService => ({}) as SessionsService;

interface Edge {
  readonly url: string;
  readonly requests: unknown[];
  readonly log: ReturnType<typeof capturedLog>;
}

async function newEdge(authorize: () => Access | Promise<Access> = () => ACCESS, trustedProxies = 0): Promise<Edge> {
  const auth = await connectBus();
  const requests: unknown[] = [];
  auth.bus.serve(authContract, { authorize: (input) => (requests.push(input), authorize()) });
  await auth.bus.flush();
  const service = new AccessService((await connectBus()).bus);
  const log = capturedLog();
  const app = await createHttpApp(GuardedModule, {
    log: log.log,
    bodyBytesMax: 1_024,
    trustedProxies,
    ...operationHooks({ access: () => service, sessions, log: log.log, checkResponses: false, operations }),
  });
  apps.push(app);
  return { url: `http://127.0.0.1:${await app.listen(0, '127.0.0.1')}`, requests, log };
}

function get(url: string, authorization = `Bearer ${KEY}`): Promise<Response> {
  return fetch(url, { headers: { authorization } });
}

async function errorCode(response: Response): Promise<[number, string]> {
  const { error } = (await response.json()) as { error: { code: string } };
  return [response.status, error.code];
}

describe('an operation with a permission', () => {
  it('is served with a key, and its handler receives the access', async () => {
    const { url, requests } = await newEdge();
    const response = await get(`${url}/proj_1/chat/v1/things`);
    expect([response.status, await response.json()]).toEqual([200, { keyId: 'key_1' }]);
    expect(requests).toEqual([
      expect.objectContaining({
        projectId: 'proj_1',
        endpointSlug: 'chat',
        scope: 'inference',
        clientAddress: '127.0.0.1',
      }),
    ]);
  });

  it('on the project-wide base URL requests no endpoint', async () => {
    const { url, requests } = await newEdge();
    await get(`${url}/proj_1/v1/things`);
    expect(requests[0]).not.toHaveProperty('endpointSlug');
  });

  it('is rejected without a valid key, without a call to auth', async () => {
    const { url, requests } = await newEdge();
    expect(await errorCode(await fetch(`${url}/proj_1/v1/things`))).toEqual([401, 'invalid_api_key']);
    expect(await errorCode(await get(`${url}/proj_1/v1/things`, 'Bearer sk-1'))).toEqual([401, 'invalid_api_key']);
    expect(requests).toEqual([]);
  });

  it('is served on the root base URL, for the project of the key', async () => {
    const { url, requests } = await newEdge();
    const response = await get(`${url}/v1/things`);
    expect([response.status, await response.json()]).toEqual([200, { keyId: 'key_1' }]);
    expect(requests).toEqual([expect.objectContaining({ scope: 'inference' })]);
    expect(requests[0]).not.toHaveProperty('projectId');
    expect(requests[0]).not.toHaveProperty('endpointSlug');
    expect(await errorCode(await fetch(`${url}/v1/things`))).toEqual([401, 'invalid_api_key']);
  });

  it('caches the access separately for each base URL', async () => {
    const { url, requests } = await newEdge();
    for (const base of ['', '/proj_1', '/proj_2', '']) await get(`${url}${base}/v1/things`);
    expect(requests.map((request) => (request as { projectId?: string }).projectId)).toEqual([
      undefined,
      'proj_1',
      'proj_2',
    ]);
  });

  it.each(['v1', 'v2'])('returns a hint for a duplicate version: %s as project', async (version) => {
    const { url, requests } = await newEdge();
    const response = await fetch(`${url}/${version}/v1/things`);
    const { error } = (await response.json()) as { error: { code: string; message: string } };
    expect([response.status, error.code]).toEqual([404, 'unknown_url']);
    expect(error.message).toContain('Did you mean /v1/things?');
    expect(requests).toEqual([]);
  });

  it('returns a hint for a duplicate version: v1 as endpoint, unless it exists', async () => {
    const { url } = await newEdge(() => Promise.reject(new AppError('endpoint.not_found', { endpoint: 'v1' })));
    // The second rejection is from the cache.
    for (const _ of [1, 2]) {
      const response = await get(`${url}/proj_1/v1/v1/things`);
      const { error } = (await response.json()) as { error: { code: string; message: string } };
      expect([response.status, error.code]).toEqual([404, 'unknown_url']);
      expect(error.message).toContain('Did you mean /proj_1/v1/things?');
    }
    expect(await errorCode(await get(`${url}/proj_1/v9x/v1/things`))).toEqual([404, 'endpoint_not_found']);
  });

  it('is served on an endpoint named v1', async () => {
    const { url } = await newEdge();
    expect((await get(`${url}/proj_1/v1/v1/things`)).status).toBe(200);
  });

  it.each(['proj 1', 'proj.1', '*', 'p'.repeat(65), '%00'])(
    'returns 404 for the invalid project %j',
    async (project) => {
      const { url, requests } = await newEdge();
      const path = project === '%00' ? project : encodeURIComponent(project);
      expect(await errorCode(await get(`${url}/${path}/v1/things`))).toEqual([404, 'project_not_found']);
      expect(requests).toEqual([]);
    },
  );

  it.each(['Chat', 'a_b', 'a.b', '-a'])('returns 404 for the invalid endpoint %j', async (endpoint) => {
    const { url, requests } = await newEdge();
    expect(await errorCode(await get(`${url}/proj_1/${encodeURIComponent(endpoint)}/v1/things`))).toEqual([
      404,
      'endpoint_not_found',
    ]);
    expect(requests).toEqual([]);
  });

  it('is rejected for an address that the key does not allow', async () => {
    const ipFilter = { allow: ['203.0.113.0/24'], block: [] };
    const { url, requests } = await newEdge(() => ({ ...ACCESS, ipFilter }));
    // The second rejection is from the cache.
    for (const _ of [1, 2])
      expect(await errorCode(await get(`${url}/proj_1/v1/things`))).toEqual([403, 'address_not_allowed']);
    expect(requests).toHaveLength(1);
  });

  it('is served to an address that the key allows', async () => {
    const { url } = await newEdge(() => ({ ...ACCESS, ipFilter: { allow: ['127.0.0.0/8'], block: [] } }));
    for (const _ of [1, 2]) expect((await get(`${url}/proj_1/v1/things`)).status).toBe(200);
  });

  it('takes the address of the connection, not of a header that no trusted proxy has set', async () => {
    const { url } = await newEdge(() => ({ ...ACCESS, ipFilter: { allow: ['203.0.113.7'], block: [] } }));
    const headers = { authorization: `Bearer ${KEY}`, 'x-forwarded-for': '203.0.113.7' };
    const response = await fetch(`${url}/proj_1/v1/things`, { headers });
    expect(await errorCode(response)).toEqual([403, 'address_not_allowed']);
  });

  it('takes the address that a trusted proxy reports', async () => {
    const { url } = await newEdge(() => ({ ...ACCESS, ipFilter: { allow: ['203.0.113.7'], block: [] } }), 1);
    const from = (addresses: string): Promise<Response> =>
      fetch(`${url}/proj_1/v1/things`, {
        headers: { authorization: `Bearer ${KEY}`, 'x-forwarded-for': addresses },
      });
    expect((await from('203.0.113.7')).status).toBe(200);
    // The first address is what the client has sent to the proxy.
    expect((await from('203.0.113.7, 198.51.100.1')).status).toBe(403);
  });

  it.each([
    ['auth.endpoint_not_allowed', [403, 'endpoint_not_allowed']],
    ['auth.scope_insufficient', [403, 'scope_insufficient']],
    ['project.not_found', [404, 'project_not_found']],
    ['db.unavailable', [503, 'auth_unavailable']],
  ] as const)('returns the error %s of auth', async (code, expected) => {
    const { url } = await newEdge(() =>
      Promise.reject(new AppError(code as 'internal', { scope: 's', project: 'p', endpoint: 'e' })),
    );
    expect(await errorCode(await get(`${url}/proj_1/v1/things`))).toEqual(expected);
  });

  it('is authorized before its body is read', async () => {
    const { url, requests } = await newEdge();
    const body = '{ no JSON at all';
    const headers = { 'content-type': 'application/json' };
    expect((await fetch(`${url}/proj_1/v1/things`, { method: 'POST', body, headers })).status).toBe(401);
    const response = await fetch(`${url}/proj_1/v1/things`, {
      method: 'POST',
      body,
      headers: { ...headers, authorization: `Bearer ${KEY}` },
    });
    expect(response.status).toBe(400);
    expect(requests).toEqual([expect.objectContaining({ scope: 'inference' })]);
  });

  it('logs project, key id and endpoint, but not the key', async () => {
    const { url, log } = await newEdge();
    await get(`${url}/proj_1/chat/v1/things`);
    const line = await eventually('the line is written', () =>
      log.lines().find(({ msg }) => msg === 'request completed'),
    );
    expect(line).toMatchObject({ projectId: 'proj_1', keyId: 'key_1', endpoint: 'chat' });
    expect(log.text()).not.toContain(KEY);
  });
});

describe('an operation without a permission', () => {
  it('is served without a key, and ignores one', async () => {
    const { url, requests } = await newEdge();
    for (const response of [await fetch(`${url}/open`), await get(`${url}/open`), await get(`${url}/open`, 'x')]) {
      expect([response.status, await response.json()]).toEqual([200, { open: true, access: null }]);
    }
    expect(requests).toEqual([]);
  });

  it('does not make other operations public', async () => {
    const { url } = await newEdge();
    expect(await errorCode(await fetch(`${url}/open/v1/things`))).toEqual([401, 'invalid_api_key']);
  });
});

function starting(module: typeof GuardedModule): Promise<unknown> {
  const { log } = capturedLog();
  // Not called: the application does not start.
  const access = (): AccessService => ({}) as AccessService;
  const hooks = operationHooks({ access, sessions, log, checkResponses: false, operations });
  const app = createHttpApp(module, { log, bodyBytesMax: 1_024, ...hooks });
  return app.then(async (created) => (apps.push(created), created.listen(0, '127.0.0.1')));
}

describe('a route without an operation', () => {
  it('prevents the start, with a message that says how to fix it', async () => {
    await expect(starting(UndeclaredModule)).rejects.toThrow(
      'GET /:project/v1/secrets has no operation: add @Operation(...) to its handler',
    );
  });

  it('is not matched by unknown paths and methods', async () => {
    const { url, requests } = await newEdge();
    expect(await errorCode(await get(`${url}/nothing/at/all`))).toEqual([404, 'unknown_url']);
    expect(await errorCode(await fetch(`${url}/proj_1/v1/things`, { method: 'DELETE' }))).toEqual([
      405,
      'method_not_allowed',
    ]);
    expect(requests).toEqual([]);
  });
});

describe('an operation without a controller', () => {
  it('prevents the start, and is named', async () => {
    await expect(starting(PublicModule)).rejects.toThrow('Operations without a controller: listThings, createThing.');
  });
});

describe('accessOf', () => {
  it('throws for a request of a public operation', () => {
    const request = { method: 'GET', routeOptions: { url: '/x' } } as FastifyRequest;
    expect(() => accessOf(request)).toThrow('GET /x is public');
  });
});
