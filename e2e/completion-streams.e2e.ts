/** Streams of stored chat completions that are read again: by their events, through any gateway, while they run and afterwards. */
import { scriptedPlatform } from '@xerotier/dev';
import { eventually } from '@xerotier/testing';
import { numberedTokens, scripted } from './support/api-client.ts';
import type { ApiClient, ChatBody } from './support/api-client.ts';
import { EventStream } from './support/event-stream.ts';
import { Ledger } from './support/ledger.ts';
import { StoredClient } from './support/stored-client.ts';
import { addTenant } from './support/tenant.ts';
import { dedicatedPlatform } from './support/test-platform.ts';

const test = dedicatedPlatform(() => {
  const plan = scriptedPlatform();
  const other = { slug: 'other', modelId: 'scripted', tier: 'self_hosted' };
  return { ...plan, gateways: 2, endpoints: [...plan.endpoints, other] };
});

const TOKENS = 30;
const body = (changes: ChatBody = {}): ChatBody =>
  scripted({ tokens: TOKENS, delayMs: 50 }, { model: 'scripted', store: true, ...changes });
const whole = numberedTokens(TOKENS);

function secondGateway(): ApiClient {
  return test.api.with({ baseUrl: `http://127.0.0.1:${test.platform.service('gateway-2').facts['port']}` });
}

const GATEWAYS: readonly [string, () => ApiClient][] = [
  ['the same gateway', () => test.api],
  ['another gateway', secondGateway],
];

function get(
  api: ApiClient,
  path: string,
  headers: Record<string, string> = {},
  base = api.endpointUrl,
): Promise<Response> {
  return fetch(`${base}/chat/completions/${path}`, {
    headers: { authorization: `Bearer ${api.target.apiKey}`, ...headers },
  });
}

async function follow(api: ApiClient, id: string, after?: number, base?: string): Promise<EventStream> {
  const headers: Record<string, string> = after === undefined ? {} : { 'last-event-id': String(after) };
  const response = await get(api, `${id}?stream=true`, headers, base);
  expect(response.status).toBe(200);
  return new EventStream(response, api.schema, new AbortController());
}

async function idOf(stream: EventStream): Promise<string> {
  await stream.textChunks(2);
  return stream.chunks[0]?.id as string;
}

async function errorOf(response: Response): Promise<unknown> {
  const { error } = (await response.json()) as { error: { code: string } };
  return [response.status, error.code];
}

describe.each(GATEWAYS)('the stream of a stored completion, through %s', (_, through) => {
  it('is read again from its beginning, and from any event on, while it runs and after its end', async () => {
    const stream = await test.api.stream(body());
    const id = await idOf(stream);
    const [all, rest] = [await follow(through(), id), await follow(through(), id, 1)];
    for (const each of [stream, all, rest]) expect(await each.ended).toBe('done');
    expect(all.chunks).toEqual(stream.chunks);
    expect(rest.chunks).toEqual(stream.chunks.slice(2));
    expect(all.lastEventId).toBe(stream.chunks.length);
    const after = await follow(through(), id, 5, through().projectUrl);
    expect(await after.ended).toBe('done');
    expect(after.chunks).toEqual(stream.chunks.slice(6));
    expect(await (await get(through(), `${id}?stream=true&starting_after=${stream.lastEventId}`)).text()).toBe('');
  });

  it('goes on without its client with x_detach, and is stored', async () => {
    const stream = await test.api.stream(body({ x_detach: true, stream_options: { include_usage: true } }));
    const id = await idOf(stream);
    const seen = stream.lastEventId as number;
    stream.abort();
    const rest = await follow(through(), id, seen);
    expect(await rest.ended).toBe('done');
    expect(stream.text() + rest.text()).toContain(whole.slice(-20));
    expect(rest.usage?.completion_tokens).toBe(TOKENS);
    const { body: stored } = await new StoredClient(through()).get(id);
    expect(stored.choices[0]?.message.content).toBe(whole);
    const [row] = await new Ledger(test.description.databaseUrl).settled([stream.requestId]);
    expect(row).toMatchObject({ outcome: 'completed', completion_tokens: TOKENS });
  });

  it('ends for its readers when its client disconnects, or it is cancelled', async () => {
    const stream = await test.api.stream(body());
    const disconnected = await follow(through(), await idOf(stream));
    stream.abort();
    expect(await disconnected.ended).toBe('error');
    expect(disconnected.error?.code).toBe('cancelled');
    const detached = await test.api.stream(body({ x_detach: true }));
    const id = await idOf(detached);
    const reader = await follow(through(), id);
    detached.abort();
    const { api } = new StoredClient(through());
    expect((await api.request('POST', `${api.endpointUrl}/chat/completions/${id}`, undefined)).status).toBe(200);
    expect(await reader.ended).toBe('error');
  });

  it('is that of its project and endpoint only, and is gone with its completion', async () => {
    const stream = await test.api.stream(body());
    const id = await idOf(stream);
    expect(await stream.ended).toBe('done');
    const notFound = [404, 'completion_not_found'];
    const tenant = await addTenant(test.platform, 'streams');
    for (const api of [through().with(tenant), through().with({ endpointSlug: 'other' })])
      expect(await errorOf(await get(api, `${id}?stream=true`))).toEqual(notFound);
    expect((await get(through(), `${id}?stream=true`)).status).toBe(200);
    await new StoredClient(through()).delete(id);
    expect(await errorOf(await get(through(), `${id}?stream=true`))).toEqual(notFound);
  });
});

it('is not kept of completions that are whole or not stored', async () => {
  const { body: completion } = await test.api.chat(body());
  expect(await errorOf(await get(test.api, `${completion.id}?stream=true`))).toEqual([400, 'invalid_request']);
  const stream = await test.api.stream(body({ store: false }));
  expect(await stream.ended).toBe('done');
  expect(stream.lastEventId).toBeUndefined();
  expect(await errorOf(await get(test.api, `${stream.chunks[0]?.id}?stream=true`))).toEqual([
    404,
    'completion_not_found',
  ]);
});

it.each<[string, string, Record<string, string>, string]>([
  ['an id of an event', '?stream=true', { 'last-event-id': 'x' }, 'Last-Event-ID'],
  ['an id of an event in the query', '?stream=true&starting_after=-1', {}, 'starting_after'],
  ['stream', '?starting_after=1', {}, 'starting_after'],
])('names %s that is not valid', async (_, query, headers, param) => {
  const { body: completion } = await test.api.chat(body());
  const response = await get(test.api, `${completion.id}${query}`, headers);
  expect(response.status).toBe(400);
  expect(((await response.json()) as { error: { param: string } }).error.param).toBe(param);
});

it.each<ChatBody>([{ stream: false }, { store: false }])('rejects x_detach with %j', async (changes) => {
  const { status, body: rejection } = await test.api.rejected({
    ...body({ stream: true, x_detach: true }),
    ...changes,
  });
  expect([status, rejection.error.param]).toEqual([400, 'x_detach']);
});

it('is gone with its gateway, and what is stored says so', async () => {
  const stream = await secondGateway().stream(body());
  const id = await idOf(stream);
  expect(await stream.ended).toBe('done');
  const reader = await secondGateway().stream(body({ x_detach: true }));
  const running = await idOf(reader);
  await test.platform.service('gateway-2').kill('SIGKILL');
  await eventually('the events are gone', async () => (await get(test.api, `${id}?stream=true`)).status === 400);
  expect(await errorOf(await get(test.api, `${running}?stream=true`))).toEqual([404, 'completion_not_found']);
  expect((await new StoredClient(test.api).get(id)).body.choices[0]?.message.content).toBe(whole);
});
