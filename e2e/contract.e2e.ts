/**
 * The response of every operation of the gateway conforms to the OpenAI document and to the document of the gateway. The
 * operations are listed in support/contract-operations.ts; deviations from the literal OpenAI document are listed with
 * reasons in support/openai-schema.ts.
 */
import { scriptedPlatform } from '@xerotier/dev';
import { generateApiKey } from '@xerotier/api-keys';
import { randomBytes } from 'node:crypto';
import { scripted } from './support/api-client.ts';
import { CONTRACT_EMAIL, CONTRACT_PASSWORD } from './support/account-operations.ts';
import { operations } from './support/contract-operations.ts';
import type { Operation } from './support/contract-operations.ts';
import { gatewayRoutes } from './support/gateway-routes.ts';
import { MediaUpstream } from './support/media-upstream.ts';
import { OpenaiSchema, knownDeviations, responseDeviations } from './support/openai-schema.ts';
import { GatewayDocument } from './support/gateway-document.ts';
import type { ReceivedResponse } from './support/gateway-document.ts';
import { MailFolder } from './support/mail-folder.ts';
import type { Prepare } from './support/team-operations.ts';
import { aVisitorWithRole } from './support/system-roles.ts';
import { SiteVisitor } from './support/site-visitor.ts';
import { ScriptedUpstream } from './support/scripted-upstream.ts';
import { bothEngines, testPlatform } from './support/test-platform.ts';
import type { PlatformPlan } from './support/test-platform.ts';

const REDIRECT = 302;
/** `fetch` cannot open WebSockets, which have suites of their own. */
const UPGRADE_REQUIRED = 426;
const upstream = new ScriptedUpstream();
const mediaUpstream = new MediaUpstream();
/** Not the schema of the shared platform, which has validated other responses too. */
const schema = new OpenaiSchema();

/** All engines behind one project, and an endpoint `idle` whose model has no worker. */
async function allEngines(folder: string): Promise<PlatformPlan> {
  await Promise.all([upstream.start(), mediaUpstream.start()]);
  const [both, behind, media] = [await bothEngines(folder), upstream.plan(), mediaUpstream.plan()];
  // The scripted engine embeds too, on the same worker.
  const embed = { ...both.endpoints[0]!, slug: 'embed', task: 'embed' as const };
  return {
    models: [
      ...both.models,
      ...behind.models,
      ...media.models,
      { ...scriptedPlatform().models[0]!, id: 'idle', name: 'idle' },
    ],
    endpoints: [
      ...both.endpoints,
      ...behind.endpoints.map((endpoint) => ({ ...endpoint, slug: 'upstream' })),
      { slug: 'idle', modelId: 'idle', tier: 'self_hosted' },
      embed,
      ...media.endpoints,
    ],
    workers: [...both.workers, ...behind.workers, ...media.workers],
  };
}

const test = testPlatform(allEngines);
let gatewayDocument: GatewayDocument;
beforeAll(async () => {
  gatewayDocument = await GatewayDocument.read(test.description.baseUrl);
});
afterAll(() => Promise.all([upstream.stop(), mediaUpstream.stop()]));

type SentRequest = Pick<Operation, 'route' | 'body' | 'headers' | 'key'>;

function keyOf(key: Operation['key']): string | undefined {
  const { apiKey, managementKey } = test.description;
  if (key === 'none' || key === 'session' || key === 'admin') return undefined;
  if (key === 'unknown') return generateApiKey('demo');
  return key === 'management' ? managementKey : apiKey;
}

/** @param unique for `{unique}` in the route and the body: a new value for each run of an operation. */
async function send({ route, body, headers, key }: SentRequest, unique: string, id = ''): Promise<Response> {
  const [method = '', path = ''] = route.split(' ');
  const { baseUrl, projectId } = test.description;
  const bearer = keyOf(key);
  const sent =
    body === undefined || body instanceof FormData || typeof body === 'string'
      ? body
      : JSON.stringify(body).replace('{unique}', unique);
  const url = path.replace('{project}', projectId).replace('{id}', id).replace('{unique}', unique);
  return fetch(`${baseUrl}${url}`, {
    method,
    headers: {
      ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
      ...(key === 'session' && { origin: baseUrl, cookie: `__Host-session=${await sessionToken()}` }),
      ...(key === 'admin' && { origin: baseUrl, cookie: `__Host-session=${await adminToken()}` }),
      ...(typeof sent === 'string' && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(sent !== undefined && { body: sent }),
    redirect: 'manual',
  });
}

/** A session of an account that the first request with a session creates; a new one for each request, since some end it. */
async function sessionToken(): Promise<string> {
  const user = new SiteVisitor(test.description.baseUrl);
  const credentials = { email: CONTRACT_EMAIL, password: CONTRACT_PASSWORD };
  const signedIn = await user.send('POST', '/api/v1/sessions', credentials);
  if (!signedIn.ok) await user.send('POST', '/api/v1/accounts', { ...credentials, name: 'Ada' });
  return user.token ?? '';
}

/** A session of an admin, which the first request creates. */
async function adminToken(): Promise<string> {
  admin ??= await aVisitorWithRole(test.description, 'admin');
  return admin.token ?? '';
}
let admin: SiteVisitor | undefined;

async function perform(operation: Operation): Promise<Response> {
  upstream.reply = operation.upstream;
  const unique = randomBytes(4).toString('hex');
  if (operation.prepare !== undefined) return performPrepared(operation, operation.prepare);
  if (operation.setup === undefined) return send(operation, unique);
  const { id } = (await (await send(operation.setup, unique)).json()) as { id: string };
  return send(operation, unique, id);
}

async function performPrepared({ route, body }: Operation, prepare: Prepare): Promise<Response> {
  const { baseUrl, mailDirectory, databaseUrl, natsUrl } = test.description;
  const { user, values, key, cookie } = await prepare(baseUrl, new MailFolder(mailDirectory), databaseUrl, natsUrl);
  const filled = (text: string): string => text.replaceAll(/\{(\w+)\}/g, (all, name: string) => values[name] ?? all);
  const [method = '', path = ''] = filled(route).split(' ');
  const headers = key === undefined ? undefined : { authorization: `Bearer ${key}` };
  if (cookie !== undefined)
    return user.sendText(method, path, body === undefined ? undefined : filled(JSON.stringify(body)), {
      origin: baseUrl,
      cookie,
    });
  return user.sendText(method, path, body === undefined ? undefined : filled(JSON.stringify(body)), headers);
}

/** Returns the data of the events of a whole stream, without comments. */
function eventsOf(text: string): string[] {
  expect(text).toMatch(/\n\n$/);
  return text
    .slice(0, -2)
    .split('\n\n')
    .filter((event) => !event.startsWith(':'))
    .map((event) => /^(?:event: [\w.]+\n)?data: (.*)$/.exec(event)?.[1] ?? `not one line of data: ${event}`);
}

/** Validates the events of a streamed response and returns their data. */
function expectStream(text: string, operation: Operation): unknown[] {
  const events = eventsOf(text);
  const last = operation.ending === 'event' ? '' : (events.pop() as string);
  expect(events).not.toEqual([]);
  const values = events.map((event) => JSON.parse(event) as unknown);
  for (const value of values) expectOpenai(operation, value);
  if (operation.ending === 'event') return values;
  if (operation.ending === 'done') {
    expect(last).toBe('[DONE]');
    return values;
  }
  const failure = JSON.parse(last) as { error: { code: string } };
  expect(schema.expectValid('ErrorResponse', failure).error.code).toBe(operation.code);
  return [...values, failure];
}

function expectBody(text: string, operation: Operation): unknown[] {
  if (operation.mediaType !== undefined || operation.status === REDIRECT) return [];
  const body = JSON.parse(text) as { error?: { code: string } };
  expectOpenai(operation, body);
  expect(body.error?.code).toBe(operation.code);
  return [body];
}

function expectOpenai({ schema: name }: Operation, value: unknown): void {
  if (name === undefined) return;
  schema.expectValid(name === 'events' ? schema.eventSchema((value as { type: string }).type) : name, value);
}

describe('response of an operation conforms to both documents', () => {
  it.each(operations.map((operation) => [operation.name, operation] as const))('%s', async (_, operation) => {
    const response = await perform(operation);
    const text = await response.text();
    const { route, status = 200, ending } = operation;
    const { mediaType = status === REDIRECT ? null : 'application/json; charset=utf-8' } = operation;
    expect({ status: response.status, text }).toMatchObject({ status });
    expect(response.headers.get('x-request-id')).toMatch(/^req_/);
    const type = ending === undefined ? mediaType : 'text/event-stream; charset=utf-8';
    expect(response.headers.get('content-type')).toBe(type);
    const values = ending === undefined ? expectBody(text, operation) : expectStream(text, operation);
    expect(gatewayDocument.findings({ route, status, headers: response.headers, values })).toEqual([]);
  });

  it('cancelled completion', async () => {
    const stream = await test.api.stream(scripted({ tokens: 5_000, delayMs: 20 }));
    await stream.textChunks(1);
    const route = 'POST /{project}/chat/v1/chat/completions/{id}';
    const response = await send({ route }, '', stream.chunks[0]?.id);
    const body: unknown = await response.json();
    expect(body).toMatchObject({ cancelled: true });
    const { status, headers } = response;
    expect(gatewayDocument.findings({ route, status, headers, values: [body] })).toEqual([]);
    expect(await stream.ended).toBe('error');
  });
});

describe('gateway document', () => {
  const headers = (more: object = {}): Headers => new Headers({ 'content-type': 'application/json', ...more });
  const model = { id: 'm', object: 'model', created: 1, owned_by: 'x' };
  const received: ReceivedResponse = {
    route: 'GET /p/e/v1/models/m',
    status: 200,
    headers: headers(),
    values: [model],
  };
  const error = { message: 'no', type: 'not_found_error', param: null, code: 'model_not_found' };
  const rejection: ReceivedResponse = { ...received, status: 404, values: [{ error }] };

  it('accepts what it declares', () => {
    expect(gatewayDocument.findings(received)).toEqual([]);
    expect(gatewayDocument.findings(rejection)).toEqual([]);
  });

  it.each<[string, ReceivedResponse, string]>([
    ['field', { ...received, values: [{ ...model, parent: null }] }, 'additional properties'],
    ['value', { ...received, values: [{ ...model, created: 'today' }] }, 'must be integer'],
    ['status', { ...received, status: 201 }, 'has no 201'],
    ['media type', { ...received, headers: headers({ 'content-type': 'text/plain' }) }, 'has no text/plain'],
    ['header', { ...received, headers: headers({ 'x-xerotier-mood': 'good' }) }, 'header x-xerotier-mood'],
    ['error code', { ...rejection, values: [{ error: { ...error, code: 'completion_not_found' } }] }, 'code'],
    ['route', { ...received, route: 'GET /p/e/v1/moods' }, 'no GET /p/e/v1/moods'],
  ])('reports an undeclared %s', (_, unknown, message) => {
    expect(gatewayDocument.findings(unknown).join()).toContain(message);
  });
});

describe('table of operations', () => {
  const successful = operations.filter(({ status = 200 }) => [200, REDIRECT, UPGRADE_REQUIRED].includes(status));
  const missing = async (performed: readonly Operation[]): Promise<string[]> =>
    (await gatewayRoutes())
      .filter(({ pattern }) => !performed.some(({ route }) => pattern.test(route.replace(/\?.*/, ''))))
      .map(({ name }) => name);

  it('has a successful response of each route of the gateway', async () => {
    expect(await missing(successful)).toEqual([]);
  });

  it('reports a route without operations', async () => {
    expect(await missing(successful.filter(({ route }) => route !== 'POST /{project}/v1/chat/completions'))).toEqual([
      'POST :project/v1/chat/completions',
    ]);
  });
});

describe('literal OpenAI document', () => {
  // Runs last, over all responses above: an unlisted deviation fails, and so does a listed one that no longer occurs.
  it('rejects exactly what is listed with a reason', () => {
    expect(schema.strictFindings).toEqual(Object.keys({ ...knownDeviations, ...responseDeviations }).sort());
  });
});
