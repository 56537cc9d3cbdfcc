/**
 * What the real API answered comes out of this platform as it went in: each recorded exchange is replayed by a server behind
 * a worker, its request is sent to the gateway, and both ends are compared field by field. What may differ is listed here,
 * and nowhere else.
 */
import { scriptedPlatform } from '@xerotier/dev';
import { recordedChats, recordedEmbeddings } from './support/recorded-exchanges.ts';
import type { Json, RecordedExchange } from './support/recorded-exchanges.ts';
import { ScriptedUpstream } from './support/scripted-upstream.ts';
import type { Cut } from './support/scripted-upstream.ts';
import { testPlatform } from './support/test-platform.ts';

/** Fields of answers and chunks whose values are the platform's own. They are there, but not compared. */
const SET_BY_PLATFORM: Readonly<Record<string, string>> = {
  id: 'one per request of ours, the same in all of its chunks',
  created: 'the time of our request',
  model: 'the name in the catalogue; what a server behind a worker calls it is nobody’s business',
  service_tier: 'the slug of the endpoint’s tier',
};

/** Fields that the platform sends and no recording has. */
const ADDED: Readonly<Record<string, string>> = {
  x_adjusted_reasoning_effort: 'the effort that is made, beyond the specification',
};

/** Fields that the recordings have and the platform does not send. */
const NOT_SENT: Readonly<Record<string, string>> = {
  obfuscation: 'padding against listeners; it is made anew for each connection, and this platform makes none',
};

/** A delta or message as it is sent: the recorder wrote null for every field that it knew and that was not there. */
function withoutNulls(told: Json): Json {
  const given = Object.entries(told).filter(([, value]) => value !== null);
  return Object.fromEntries(
    given.map(([name, value]) => {
      if (name === 'tool_calls') return [name, (value as Json[]).map(withoutNulls)];
      return [name, name === 'function' ? withoutNulls(value as Json) : value];
    }),
  );
}

/** Parameters that a server behind a worker does not see as the client sent them. */
const KEPT_FROM_UPSTREAM: Readonly<Record<string, string>> = {
  model: 'the server has a name of its own for it',
  stream_options: 'usage is asked for with every stream, since the ledger needs it; whether the client sees it is ours',
  service_tier: 'tiers are the platform’s',
  prompt_cache_key: 'what may share a cache is decided by project',
  safety_identifier: 'who the client’s users are is none of the server’s business, as with `user`',
};

/**
 * Requests that are refused by design: what they ask for and why nobody here can give it. None of the recordings asks for
 * `web_search_options`, audio or stored completions, so it is empty; a recording that does belongs here, by its title.
 */
const REJECTED: Readonly<Record<string, { readonly param: string; readonly reason: string }>> = {};

const upstream = new ScriptedUpstream();
const test = testPlatform(async () => {
  await upstream.start();
  return upstream.plan();
});
afterAll(() => upstream.stop());

const CUTS: readonly Cut[] = ['events', 'odd'];
const served = recordedChats.filter(({ title }) => REJECTED[title] === undefined);
const cases = (stream: boolean): [string, Cut, RecordedExchange][] =>
  served
    .filter((exchange) => exchange.stream === stream)
    .flatMap((exchange) => CUTS.map((cut): [string, Cut, RecordedExchange] => [exchange.title, cut, exchange]));

function without(value: Json, names: Readonly<Record<string, string>>): Json {
  return Object.fromEntries(Object.entries(value).filter(([name]) => !Object.hasOwn(names, name)));
}

/** A recorded answer or chunk as the platform has to send it, without what it sets itself. */
function asSent(body: Json, withUsage: boolean): Json {
  const compared = without(without(body, SET_BY_PLATFORM), NOT_SENT);
  // The recorder wrote every field that it knew; the API itself leaves these out, and so does the platform.
  const { usage, system_fingerprint: fingerprint, ...rest } = compared;
  return {
    ...rest,
    ...(fingerprint != null && { system_fingerprint: fingerprint }),
    ...(withUsage && { usage }),
    choices: (body['choices'] as Json[]).map((choice) => {
      const delta = choice['delta'] as Json | undefined;
      const message = choice['message'] as Json | undefined;
      if (message !== undefined) {
        // Of a message, the specification requires these two.
        const { content, refusal } = message;
        return { ...choice, message: { ...withoutNulls(message), content, refusal } };
      }
      // Which the first chunk says in any case.
      const content = delta?.['role'] != null && { content: delta['content'] };
      return { ...choice, delta: { ...withoutNulls(delta ?? {}), ...content } };
    }),
  };
}

/** The recorded request as the server behind the worker has to get it, without what the platform sets. */
function asPassedOn(request: Json): Json {
  const limit = request['max_completion_tokens'];
  return {
    ...without(request, KEPT_FROM_UPSTREAM),
    // Under its older name too, which is the only one that some servers know.
    ...(limit !== undefined && { max_tokens: limit }),
    ...withoutUnknownFields(request),
  };
}

/** Clients copy a call's `index` from chunks, say `type` where it has no place, and null for what they do not say. */
function withoutUnknownFields({ messages, tools }: Json): Json {
  const read = (messages as Json[]).map((message) => {
    if (!Array.isArray(message['tool_calls'])) return message;
    return { ...message, tool_calls: (message['tool_calls'] as Json[]).map(({ index: _index, ...call }) => call) };
  });
  if (tools === undefined) return { messages: read };
  const readTools = (tools as { function: Json }[]).map((tool) => {
    const { type: _type, ...definition } = tool.function;
    return { ...tool, function: withoutNulls(definition) };
  });
  return { messages: read, tools: readTools };
}

/** The one request that has arrived at the server, once what the platform sets in it was looked at. */
function takePassedOn(stream: boolean): Json {
  const requests = upstream.takeRequests();
  expect(requests.map(({ path }) => path)).toEqual(['/v1/chat/completions']);
  const body = requests[0]?.body ?? {};
  expect(body['model']).toBe('upstream-model');
  expect(body['stream_options']).toEqual(stream ? { include_usage: true } : undefined);
  for (const name of ['service_tier', 'prompt_cache_key', 'safety_identifier']) expect(body).not.toHaveProperty(name);
  return without(body, KEPT_FROM_UPSTREAM);
}

/** Looks at what is not compared, and takes it away. */
function withoutPlatformFields(body: object): Json {
  expect(body).toMatchObject({
    id: expect.stringMatching(/^chatcmpl-/) as unknown,
    created: expect.any(Number) as unknown,
    model: 'upstream',
    service_tier: 'self_hosted',
  });
  return without(without(body as Json, SET_BY_PLATFORM), ADDED);
}

beforeEach(() => void upstream.takeRequests());

it('has 119 recorded chats, 104 of them streamed', () => {
  expect(recordedChats).toHaveLength(119);
  expect(recordedChats.filter(({ stream }) => stream)).toHaveLength(104);
});

describe('a recorded answer reaches the client whole', () => {
  it.each(cases(false))('%s, cut into %s', async (_, cut, { request, response }) => {
    upstream.reply = { stream: false, bodies: response, cut };
    const { body } = await test.api.chat(request);
    expect(takePassedOn(false)).toEqual(asPassedOn(request));
    expect(withoutPlatformFields(body)).toEqual(asSent(response[0] as Json, true));
  });
});

describe('a recorded stream reaches the client chunk by chunk', () => {
  it.each(cases(true))('%s, cut into %s', async (_, cut, { request, response }) => {
    upstream.reply = { stream: true, bodies: response, cut };
    const stream = await test.api.stream(request);
    expect(await stream.ended).toBe('done');
    expect(takePassedOn(true)).toEqual(asPassedOn(request));
    const withUsage = (request['stream_options'] as Json | undefined)?.['include_usage'] === true;
    const expected = response.map((chunk) => asSent(chunk, withUsage));
    expect(stream.chunks.map((chunk) => withoutPlatformFields(chunk))).toEqual(expected);
    expect(new Set(stream.chunks.map(({ id }) => id)).size).toBe(1);
  });
});

it('has recordings of what it lists as exceptions, and refuses what it lists as refused', async () => {
  const names = (values: readonly Json[]): Set<string> => new Set(values.flatMap((value) => Object.keys(value)));
  const received = names(recordedChats.flatMap(({ response }) => response));
  for (const name of Object.keys({ ...SET_BY_PLATFORM, ...NOT_SENT })) expect(received).toContain(name);
  const sent = names(recordedChats.map(({ request }) => request));
  for (const name of Object.keys(KEPT_FROM_UPSTREAM)) expect(sent).toContain(name);
  for (const [title, { param }] of Object.entries(REJECTED)) {
    const { request } = recordedChats.find((exchange) => exchange.title === title) as RecordedExchange;
    const { status, body } = await test.api.rejected(request);
    expect({ status, ...body.error }).toMatchObject({ status: 400, code: 'unsupported_parameter', param });
  }
});

describe('a recorded embedding reaches the client', () => {
  const embedder = new ScriptedUpstream();
  // Beside a worker for chat, which is what a platform is ready by.
  const embedding = testPlatform(async () => {
    await embedder.start();
    const [chat, embed] = [scriptedPlatform(), embedder.plan({ task: 'embed' })];
    return {
      models: [...chat.models, ...embed.models],
      endpoints: [...chat.endpoints, ...embed.endpoints],
      workers: [...chat.workers, ...embed.workers],
    };
  });
  afterAll(() => embedder.stop());

  /** Engines and clients have 32 bits for a number; in how many digits it is written is free. */
  const asFloats = (body: Json): Json => ({
    ...body,
    data: (body['data'] as { embedding: number[] }[]).map((entry) => ({
      ...entry,
      embedding: entry.embedding.map(Math.fround),
    })),
  });

  it('has 4 recordings', () => {
    expect(recordedEmbeddings).toHaveLength(4);
  });

  it.each(
    recordedEmbeddings.flatMap((exchange) =>
      CUTS.map((cut): [string, Cut, RecordedExchange] => [exchange.title, cut, exchange]),
    ),
  )('%s, cut into %s', async (_, cut, { request, response }) => {
    embedder.reply = { stream: false, bodies: response, cut };
    const url = `${embedding.api.projectUrl.replace(/\/v1$/, '/embed/v1')}/embeddings`;
    const { status, body } = await embedding.api.request<Json>('POST', url, 'CreateEmbeddingResponse', request);
    expect({ status, model: body['model'] }).toEqual({ status: 200, model: 'upstream-embed' });
    expect(asFloats(without(body, SET_BY_PLATFORM))).toEqual(asFloats(without(response[0] as Json, SET_BY_PLATFORM)));
    // The worker asks for floats, whatever the client wants: not every server has another encoding.
    expect(embedder.takeRequests()).toMatchObject([
      {
        path: '/v1/embeddings',
        body: { model: 'upstream-model', input: request['input'], encoding_format: 'float' },
      },
    ]);
  });
});
