/**
 * Every operation that the gateway has answers as the OpenAI document says. The operations are a table in
 * support/contract-operations.ts; what the document, taken at its word, still refuses is a list with reasons in
 * support/openai-schema.ts.
 */
import { scriptedPlatform } from '@xerotier/dev';
import { generateApiKey } from '@xerotier/api-keys';
import { operations, ownRoutes } from './support/contract-operations.ts';
import type { Operation } from './support/contract-operations.ts';
import { gatewayRoutes } from './support/gateway-routes.ts';
import { MediaUpstream } from './support/media-upstream.ts';
import { OpenaiSchema, strictFindingsExplained } from './support/openai-schema.ts';
import type { SchemaName } from './support/openai-schema.ts';
import { ScriptedUpstream } from './support/scripted-upstream.ts';
import { bothEngines, testPlatform } from './support/test-platform.ts';
import type { PlatformPlan } from './support/test-platform.ts';

const upstream = new ScriptedUpstream();
const mediaUpstream = new MediaUpstream();
/** Not the platform's own, which has seen other answers too. */
const schema = new OpenaiSchema();

/** All engines behind one project, and an endpoint `idle` whose model nobody serves. */
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
afterAll(() => Promise.all([upstream.stop(), mediaUpstream.stop()]));

type Asked = Pick<Operation, 'route' | 'body' | 'headers' | 'key'>;

function keyOf(key: Operation['key']): string | undefined {
  const { apiKey, managementKey } = test.description;
  if (key === 'none') return undefined;
  if (key === 'unknown') return generateApiKey('demo');
  return key === 'management' ? managementKey : apiKey;
}

async function send({ route, body, headers, key }: Asked, id = ''): Promise<Response> {
  const [method = '', path = ''] = route.split(' ');
  const { baseUrl, projectId } = test.description;
  const bearer = keyOf(key);
  const sent = body === undefined || body instanceof FormData || typeof body === 'string' ? body : JSON.stringify(body);
  return fetch(`${baseUrl}${path.replace('{project}', projectId).replace('{id}', id)}`, {
    method,
    headers: {
      ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
      ...(typeof sent === 'string' && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(sent !== undefined && { body: sent }),
  });
}

async function perform(operation: Operation): Promise<Response> {
  upstream.reply = operation.upstream;
  if (operation.after === undefined) return send(operation);
  const { id } = (await (await send(operation.after)).json()) as { id: string };
  return send(operation, id);
}

/** The data of the events of a whole stream; comments are left out. */
function eventsOf(text: string): string[] {
  expect(text).toMatch(/\n\n$/);
  return text
    .slice(0, -2)
    .split('\n\n')
    .filter((event) => !event.startsWith(':'))
    .map((event) => /^data: (.*)$/.exec(event)?.[1] ?? `not one line of data: ${event}`);
}

function expectStream(text: string, operation: Operation, name: SchemaName): void {
  const events = eventsOf(text);
  const last = operation.ending === 'event' ? '' : (events.pop() as string);
  expect(events).not.toEqual([]);
  for (const event of events) schema.expectValid(name, JSON.parse(event) as unknown);
  if (operation.ending === 'event') return;
  if (operation.ending === 'done') expect(last).toBe('[DONE]');
  else expect(schema.expectValid('ErrorResponse', JSON.parse(last)).error.code).toBe(operation.code);
}

describe('an operation answers as the OpenAI document says', () => {
  it.each(operations.map((operation) => [operation.name, operation] as const))('%s', async (_, operation) => {
    const response = await perform(operation);
    const text = await response.text();
    expect({ status: response.status, text }).toMatchObject({ status: operation.status ?? 200 });
    expect(response.headers.get('x-request-id')).toMatch(/^req_/);
    if (operation.schema === undefined) {
      expect(response.headers.get('content-type')).toBe(operation.mediaType);
      expect(text).not.toBe('');
      return;
    }
    const type = operation.ending === undefined ? 'application/json' : 'text/event-stream';
    expect(response.headers.get('content-type')).toBe(`${type}; charset=utf-8`);
    if (operation.ending !== undefined) {
      expectStream(text, operation, operation.schema);
      return;
    }
    const body = schema.expectValid(operation.schema, JSON.parse(text) as { error?: { code: string } });
    expect(body.error?.code).toBe(operation.code);
  });
});

describe('the table of operations', () => {
  const good = operations.filter(({ status = 200 }) => status === 200);
  const missing = async (performed: readonly Operation[]): Promise<string[]> =>
    (await gatewayRoutes())
      .filter(({ name, pattern }) => !ownRoutes.has(name) && !performed.some(({ route }) => pattern.test(route)))
      .map(({ name }) => name);

  it('has a good answer of each route of the gateway', async () => {
    expect(await missing(good)).toEqual([]);
  });

  it('excuses only routes that there are', async () => {
    const names = (await gatewayRoutes()).map(({ name }) => name);
    expect([...ownRoutes].filter((name) => !names.includes(name))).toEqual([]);
  });

  it('would be found wanting without those of one route', async () => {
    expect(await missing(good.filter(({ route }) => route !== 'POST /{project}/v1/chat/completions'))).toEqual([
      'POST :project/v1/chat/completions',
    ]);
  });
});

describe('the OpenAI document, taken at its word', () => {
  // Runs last, over all that was answered above: a new place fails, and so does one that is gone.
  it('refuses of that only what is listed with its reason', () => {
    expect(schema.strictFindings).toEqual(Object.keys(strictFindingsExplained).sort());
  });
});
