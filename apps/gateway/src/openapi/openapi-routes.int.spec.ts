/** The routes of a running gateway, the operations and the OpenAPI document are consistent. */
import 'reflect-metadata';
import { generateApiKey } from '@xerotier/api-keys';
import { accountsContract, authContract, permissionRequirements } from '@xerotier/contracts/auth';
import type { ActiveSession } from '@xerotier/contracts/auth';
import { service } from '@xerotier/contracts/define';
import { createHttpApp } from '@xerotier/http';
import type { HttpApp } from '@xerotier/http';
import { silentLog } from '@xerotier/log/testing';
import { testBuses } from '@xerotier/nats/testing';
import { buildDocument } from '@xerotier/public-api/openapi';
import type { JsonSchema, OpenapiDocument, Parameter } from '@xerotier/public-api/openapi';
import { authenticationOf, basesOf } from '@xerotier/public-api/operation';
import type { OperationDefinition } from '@xerotier/public-api/operation';
import { operations } from '@xerotier/public-api/operations';
import { welcome } from '@xerotier/public-api/reference';
import { createTestingModule } from '@xerotier/service-host/testing';
import { testServers } from '@xerotier/testing';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { AccessService } from '../access/access.service.ts';
import { SessionsService } from '../sessions/sessions.service.ts';
import { newSessionToken } from '../sessions/session-token.ts';
import { AppModule } from '../app.module.ts';
import { settings } from '../config.ts';
import { operationHooks } from '../operations/operation-hooks.ts';
import { openapiDocument } from './document.ts';
import { CONTENT_SECURITY_POLICY, redocFile } from './reference-page.ts';

const servers = testServers('nats', 'redis');
const connectBus = testBuses(() => servers.nats.url);
const log = silentLog();

const { getSession } = accountsContract.operations;
const sessionsContract = service('auth', { getSession });
const TOKEN = newSessionToken();
const SESSION: ActiveSession = {
  account: {
    ...{ id: `user_${'0'.repeat(24)}`, email: 'ada@example.com', name: 'Ada', systemRole: 'admin' },
    ...{ emailVerifiedAt: null, createdAt: 0 },
  },
  session: {
    ...{ id: `sess_${'0'.repeat(24)}`, createdAt: 0, lastSeenAt: 0, expiresAt: 4_102_444_800_000 },
    ...{ clientAddress: '127.0.0.1', userAgent: '' },
  },
  memberships: [],
};

interface Route {
  readonly name: string;
  readonly isPublic: boolean;
}

let app: HttpApp;
let routes: Route[];
let url: string;

beforeEach(async () => {
  const auth = await connectBus();
  const project = { id: 'proj_1', slug: 'demo' };
  auth.bus.serve(authContract, {
    authorize: async ({ scope }) => ({ keyId: 'key_1', scopes: [scope], project, endpoints: [] }),
  });
  auth.bus.serve(sessionsContract, { getSession: async () => SESSION });
  await auth.bus.flush();
  const env = { NATS_URL: servers.nats.url, REDIS_URL: servers.redis.url, USAGE_SEAL_KEY: 'a'.repeat(64) };
  routes = [];
  const hooks = operationHooks({
    ...{ access: () => app.nest.get(AccessService), sessions: () => app.nest.get(SessionsService) },
    ...{ log, checkResponses: true },
  });
  app = await createHttpApp(createTestingModule({ name: 'gateway', module: AppModule, settings, env, log }), {
    log,
    bodyBytesMax: 1_000_000,
    onRequest: hooks.onRequest,
    prepare: (fastify) => {
      hooks.prepare(fastify);
      fastify.addHook('onRoute', ({ method, url: path, config }) => {
        for (const name of [method].flat()) {
          routes.push({ name: `${name} ${path}`, isPublic: config?.auth === 'none' });
        }
      });
    },
  });
  url = `http://127.0.0.1:${await app.listen(0, '127.0.0.1')}`;
});
afterEach(async () => {
  await app.close();
});

/** Routes of the gateway in the notation of the document. Fastify adds a HEAD route for each GET. */
function documentedNames(): string[] {
  return routes
    .filter(({ name }) => !name.startsWith('HEAD ') && !name.endsWith(' *') && !name.endsWith(' /*'))
    .map(({ name }) => name.replace(/:(\w+)/g, '{$1}').replace('/models/*', '/models/{model}'));
}

function documentedRoutes({ paths }: OpenapiDocument): string[] {
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
  );
}

/** Routes of the gateway that are not documented, and vice versa. */
function routeDifferences(document: OpenapiDocument): string[] {
  const [served, documented] = [documentedNames(), documentedRoutes(document)];
  return [
    ...served.filter((name) => !documented.includes(name)).map((name) => `${name} is not documented`),
    ...documented.filter((name) => !served.includes(name)).map((name) => `${name} is not served`),
  ];
}

function propertiesOf(schema: JsonSchema): string[] {
  return Object.keys((schema['properties'] as object | undefined) ?? {});
}

/** The input fields of a schema, before transforms; those of the first one if there are several. */
function fieldsOf(schema: z.ZodType): string[] {
  if (schema instanceof z.ZodPipe) return fieldsOf(schema.in as z.ZodType);
  if (schema instanceof z.ZodUnion) return fieldsOf(schema.options[0] as z.ZodType);
  if (!(schema instanceof z.ZodObject)) throw new Error('A body must be an object.');
  return Object.keys(schema.shape);
}

/** The documented schema of the body of an operation; the first one if there are several. */
function describedBody({ paths, components }: OpenapiDocument, id: string): JsonSchema {
  const described = Object.values(paths).flatMap((item) => Object.values(item));
  const content = described.find(({ operationId }) => operationId === id)?.requestBody?.content ?? {};
  const schema = Object.values(content)[0]?.schema;
  const [first = schema] = (schema?.['anyOf'] as JsonSchema[] | undefined) ?? [];
  const name = first?.['$ref'] as string | undefined;
  return components.schemas[name?.split('/').at(-1) ?? ''] ?? {};
}

/** Parameters of operations that are not documented. */
function missingParameters(document: OpenapiDocument, rows: readonly OperationDefinition[] = operations): string[] {
  return rows.flatMap(({ method, path, permission, operationId, request, query, headers, bases }) => {
    const base = permission === null ? '' : basesOf(bases)[0]?.path;
    const documentedOperation = document.paths[`${base}${path}`]?.[method];
    const parameters = (documentedOperation?.parameters ?? []).filter((one): one is Parameter => 'name' in one);
    const documented = {
      body: request === undefined ? [] : propertiesOf(describedBody(document, operationId)),
      query: parameters.filter((one) => one.in === 'query').map(({ name }) => name),
      header: parameters.filter((one) => one.in === 'header').map(({ name }) => name),
    };
    const accepted = {
      body: request === undefined ? [] : fieldsOf(request),
      query: query === undefined ? [] : fieldsOf(query),
      header: headers === undefined ? [] : fieldsOf(headers),
    };
    return (['body', 'query', 'header'] as const).flatMap((kind) =>
      accepted[kind]
        .filter((name) => !documented[kind].includes(name))
        .map((name) => `${operationId}: ${kind} ${name}`),
    );
  });
}

describe('routes of the gateway', () => {
  it('are those of the document', () => {
    expect(routeDifferences(openapiDocument())).toEqual([]);
  });

  it('are compared in both directions', () => {
    const scored = operations.find(({ operationId }) => operationId === 'score') as OperationDefinition;
    const others = operations.filter((row) => row !== scored);
    expect(
      routeDifferences(buildDocument([...others, { ...scored, path: '/v1/guess' }], permissionRequirements)),
    ).toEqual([
      'POST /{project}/{endpoint}/v1/score is not documented',
      'POST /{project}/v1/score is not documented',
      'POST /v1/score is not documented',
      'POST /{project}/{endpoint}/v1/guess is not served',
      'POST /{project}/v1/guess is not served',
      'POST /v1/guess is not served',
    ]);
  });

  it('are public only for the reference, registration, the first admin and sign-in', () => {
    const publicRoutes = routes
      .filter(({ name, isPublic }) => isPublic && !name.startsWith('HEAD '))
      .map(({ name }) => name.replace(/:(\w+)/g, '{$1}'));
    const rows = operations
      .filter((row) => authenticationOf(row) === 'none')
      .map(({ method, path }) => `${method.toUpperCase()} ${path}`);
    expect(publicRoutes.toSorted()).toEqual([
      'GET /',
      'GET /api/v1/sign-in-providers',
      'GET /api/v1/sign-in/{provider}',
      'GET /api/v1/sign-in/{provider}/callback',
      'GET /docs',
      'GET /docs/redoc.standalone.js',
      'GET /openapi.json',
      'POST /api/v1/accounts',
      'POST /api/v1/bootstrap',
      'POST /api/v1/password-resets',
      'POST /api/v1/password-resets/confirm',
      'POST /api/v1/sessions',
      'POST /api/v1/sign-in/second-factor',
    ]);
    expect(rows.toSorted()).toEqual(publicRoutes.toSorted());
  });
});

describe('parameters of the document', () => {
  it('include all parameters of the schemas', () => {
    expect(missingParameters(openapiDocument())).toEqual([]);
  });

  it('are checked for body, query and headers', () => {
    const bare = operations.map(({ query: _query, headers: _headers, ...row }) => row);
    const document = buildDocument(bare, permissionRequirements);
    const schema = document.components.schemas['CreateScoreRequest'] as { properties: Record<string, JsonSchema> };
    const { text_1: _removed, ...properties } = schema.properties;
    const incomplete = {
      ...document,
      components: {
        ...document.components,
        schemas: { ...document.components.schemas, CreateScoreRequest: { ...schema, properties } },
      },
    };
    expect(missingParameters(incomplete)).toEqual(
      expect.arrayContaining([
        'createChatCompletion: header X-SLO-TTFT-Ms',
        'listChatCompletions: query limit',
        'score: body text_1',
      ]),
    );
  });
});

const KEY = generateApiKey('demo');
/** Invalid for every field of every body. */
const INVALID = 7.5;
/** Of a text in a query; nothing else has as many. */
const QUERY_CHARACTERS_MAX = 1_024;

/** Returns the parameter that the gateway rejects. */
async function rejectedParam(
  { method, path, permission, bases }: OperationDefinition,
  search: string,
  body?: object,
  headers: object = {},
): Promise<string | null> {
  const template = permission === null ? '' : (basesOf(bases)[0]?.path ?? '');
  const base = template.replace('{project}', 'proj_1').replace('{endpoint}', 'chat');
  const address = path
    .replace('{completion}', 'chatcmpl-1')
    .replace('{key}', `key_${'0'.repeat(24)}`)
    .replace('{conversation}', `conv_${'0'.repeat(48)}`);
  const response = await fetch(`${url}${base}${address}${search}`, {
    method: method.toUpperCase(),
    headers: {
      ...(permission === null
        ? { cookie: `__Host-session=${TOKEN}`, origin: url }
        : { authorization: `Bearer ${KEY}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const { error } = (await response.json()) as { error?: { code: string; param: string | null } };
  expect([response.status, error?.code]).toEqual([
    400,
    expect.stringMatching(/^(invalid_request|unsupported_parameter)$/),
  ]);
  return error?.param ?? null;
}

describe('documented parameters', () => {
  // Except those of forms: every string is valid for some field. media-requests.spec.ts tests the bounds of forms.
  it.each(operations.filter(({ request, files }) => request !== undefined && files === undefined))(
    'are validated in the body of $operationId',
    async (operation) => {
      const { operationId, example } = operation;
      const fields = propertiesOf(describedBody(openapiDocument(), operationId));
      expect(fields).not.toEqual([]);
      for (const field of fields) {
        expect(await rejectedParam(operation, '', { ...example, [field]: INVALID })).toBe(field);
      }
    },
  );

  it.each(operations.filter(({ query }) => query !== undefined))(
    'are validated in the query of $operationId',
    async (operation) => {
      for (const name of fieldsOf(operation.query as z.ZodObject)) {
        const param = await rejectedParam(operation, `?${name}=${'x'.repeat(QUERY_CHARACTERS_MAX + 1)}`);
        // One value of a list is named by its index.
        expect(param?.replace(/\[0\]$/, '')).toBe(name);
      }
    },
  );

  // A range that is not valid is ignored (RFC 9110, section 14.2).
  it.each(operations.filter(({ headers, hasRanges }) => headers !== undefined && hasRanges !== true))(
    'are validated in the headers of $operationId',
    async (operation) => {
      // The example of a WebSocket is a message.
      const body = operation.webSocket === undefined ? operation.example : undefined;
      for (const name of fieldsOf(operation.headers as z.ZodObject)) {
        // Neither a number nor ASCII.
        expect(await rejectedParam(operation, '', body, { [name]: 'é' })).toBe(name);
      }
    },
  );
});

describe('reference routes', () => {
  it('serve the document without a key', async () => {
    const response = await fetch(`${url}/openapi.json`);
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(await response.json()).toEqual(openapiDocument());
  });

  it('serve the base URLs and the version at the root', async () => {
    const response = await fetch(url);
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(welcome.parse(await response.json())).toMatchObject({
      name: 'Xerotier',
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      base_urls: { key: '/v1', project: '/{project}/v1', endpoint: '/{project}/{endpoint}/v1' },
      documentation: '/docs',
      openapi: '/openapi.json',
    });
    const head = await fetch(url, { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length')]).toEqual([200, response.headers.get('content-length')]);
    expect((await fetch(url, { method: 'POST' })).status).toBe(405);
  });

  it('accept a trailing slash', async () => {
    for (const path of ['/docs', '/openapi.json']) {
      const [plain, slashed] = await Promise.all([fetch(url + path), fetch(`${url}/${path}/`)]);
      expect([slashed.status, await slashed.text()]).toEqual([200, await plain.text()]);
    }
  });

  it('serve the page, with a policy that allows only scripts of the gateway', async () => {
    const response = await fetch(`${url}/docs`);
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(response.headers.get('content-security-policy')).toBe(CONTENT_SECURITY_POLICY);
    expect(await response.text()).toContain('<script src="/docs/redoc.standalone.js">');
  });

  it('serve the script of the page from the package', async () => {
    const address = `${url}/docs/redoc.standalone.js`;
    const response = await fetch(address);
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/javascript; charset=utf-8']);
    expect(await response.text()).toBe(await readFile(redocFile(), 'utf8'));
    const head = await fetch(address, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
  });
});
