/**
 * Responses of the OpenAI API pass through the platform unchanged: an upstream of a worker replays each recorded exchange,
 * its request is sent to the gateway, and both sides are compared field by field. All allowed differences are listed here.
 */
import { scriptedPlatform } from '@xerotier/dev';
import { recordedChats, recordedEmbeddings } from './support/recorded-exchanges.ts';
import type { Json, RecordedExchange } from './support/recorded-exchanges.ts';
import { ScriptedUpstream } from './support/scripted-upstream.ts';
import type { Split } from './support/scripted-upstream.ts';
import { testPlatform } from './support/test-platform.ts';

/** Fields of completions and chunks that the platform sets. Their presence is checked, their values are not compared. */
const SET_BY_PLATFORM: Readonly<Record<string, string>> = {
  id: 'one per request, the same in all of its chunks',
  created: 'the time of the request to the platform',
  model: 'the name in the catalogue; the name at the upstream is internal',
  service_tier: 'the slug of the tier of the endpoint',
};

/** Fields that the platform sends and no recording contains. */
const ADDED: Readonly<Record<string, string>> = {
  x_adjusted_reasoning_effort: 'the effective effort, an extension of the specification',
};

/** Fields that the recordings contain and the platform does not send. */
const NOT_SENT: Readonly<Record<string, string>> = {
  obfuscation: 'padding against traffic analysis, per connection; the platform does not add any',
};

/** Returns a delta or message as it was sent: the recorder wrote null for every absent field that it knew. */
function withoutNulls(recorded: Json): Json {
  const present = Object.entries(recorded).filter(([, value]) => value !== null);
  return Object.fromEntries(
    present.map(([name, value]) => {
      if (name === 'tool_calls') return [name, (value as Json[]).map(withoutNulls)];
      return [name, name === 'function' ? withoutNulls(value as Json) : value];
    }),
  );
}

/** Parameters that are not sent to the upstream as the client sent them. */
const NOT_FORWARDED: Readonly<Record<string, string>> = {
  model: 'the upstream has its own name for it',
  stream_options:
    'usage is requested for every stream, since the ledger needs it; the gateway removes it for the client',
  service_tier: 'tiers belong to the platform',
  prompt_cache_key: 'caches are shared by project',
  safety_identifier: 'end users are not disclosed to the upstream, as with `user`',
};

/**
 * Requests that are rejected by design, by the title of the recording. Empty, since none of the recordings requests
 * `web_search_options`, audio or stored completions.
 */
const REJECTED: Readonly<Record<string, { readonly param: string; readonly reason: string }>> = {};

const upstream = new ScriptedUpstream();
const test = testPlatform(async () => {
  await upstream.start();
  return upstream.plan();
});
afterAll(() => upstream.stop());

const SPLITS: readonly Split[] = ['events', 'arbitrary'];
const served = recordedChats.filter(({ title }) => REJECTED[title] === undefined);
const cases = (stream: boolean): [string, Split, RecordedExchange][] =>
  served
    .filter((exchange) => exchange.stream === stream)
    .flatMap((exchange) => SPLITS.map((split): [string, Split, RecordedExchange] => [exchange.title, split, exchange]));

function without(value: Json, names: Readonly<Record<string, string>>): Json {
  return Object.fromEntries(Object.entries(value).filter(([name]) => !Object.hasOwn(names, name)));
}

/** Returns a recorded completion or chunk as the platform must send it, without the fields it sets. */
function expectedByClient(body: Json, withUsage: boolean): Json {
  const compared = without(without(body, SET_BY_PLATFORM), NOT_SENT);
  // The recorder wrote every field that it knew; the OpenAI API omits these, and so does the platform.
  const { usage, system_fingerprint: fingerprint, ...rest } = compared;
  return {
    ...rest,
    ...(fingerprint != null && { system_fingerprint: fingerprint }),
    ...(withUsage && { usage }),
    choices: (body['choices'] as Json[]).map((choice) => {
      const delta = choice['delta'] as Json | undefined;
      const message = choice['message'] as Json | undefined;
      if (message !== undefined) {
        // The specification requires these two fields of a message.
        const { content, refusal } = message;
        return { ...choice, message: { ...withoutNulls(message), content, refusal } };
      }
      // The first chunk always has content.
      const content = delta?.['role'] != null && { content: delta['content'] };
      return { ...choice, delta: { ...withoutNulls(delta ?? {}), ...content } };
    }),
  };
}

/** Returns the recorded request as the upstream must receive it, without the fields that the platform sets. */
function expectedByUpstream(request: Json): Json {
  const limit = request['max_completion_tokens'];
  return {
    ...without(request, NOT_FORWARDED),
    // Also under its older name, the only one that some servers support.
    ...(limit !== undefined && { max_tokens: limit }),
    ...withoutUnknownFields(request),
  };
}

/** Clients copy the `index` of a call from chunks, add `type` where it does not belong, and send null for absent fields. */
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

/** Returns the one request that the upstream received, after checking the fields that the platform sets. */
function takeUpstreamRequest(stream: boolean): Json {
  const requests = upstream.takeRequests();
  expect(requests.map(({ path }) => path)).toEqual(['/v1/chat/completions']);
  const body = requests[0]?.body ?? {};
  expect(body['model']).toBe('upstream-model');
  expect(body['stream_options']).toEqual(stream ? { include_usage: true } : undefined);
  for (const name of ['service_tier', 'prompt_cache_key', 'safety_identifier']) expect(body).not.toHaveProperty(name);
  return without(body, NOT_FORWARDED);
}

/** Checks the fields that the platform sets, and removes them. */
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

describe('recorded completion reaches the client unchanged', () => {
  it.each(cases(false))('%s, split: %s', async (_, split, { request, response }) => {
    upstream.reply = { stream: false, bodies: response, split };
    const { body } = await test.api.chat(request);
    expect(takeUpstreamRequest(false)).toEqual(expectedByUpstream(request));
    expect(withoutPlatformFields(body)).toEqual(expectedByClient(response[0] as Json, true));
  });
});

describe('recorded stream reaches the client chunk by chunk', () => {
  it.each(cases(true))('%s, split: %s', async (_, split, { request, response }) => {
    upstream.reply = { stream: true, bodies: response, split };
    const stream = await test.api.stream(request);
    expect(await stream.ended).toBe('done');
    expect(takeUpstreamRequest(true)).toEqual(expectedByUpstream(request));
    const withUsage = (request['stream_options'] as Json | undefined)?.['include_usage'] === true;
    const expected = response.map((chunk) => expectedByClient(chunk, withUsage));
    expect(stream.chunks.map((chunk) => withoutPlatformFields(chunk))).toEqual(expected);
    expect(new Set(stream.chunks.map(({ id }) => id)).size).toBe(1);
  });
});

it('has recordings of all listed differences, and rejects all listed requests', async () => {
  const names = (values: readonly Json[]): Set<string> => new Set(values.flatMap((value) => Object.keys(value)));
  const received = names(recordedChats.flatMap(({ response }) => response));
  for (const name of Object.keys({ ...SET_BY_PLATFORM, ...NOT_SENT })) expect(received).toContain(name);
  const sent = names(recordedChats.map(({ request }) => request));
  for (const name of Object.keys(NOT_FORWARDED)) expect(sent).toContain(name);
  for (const [title, { param }] of Object.entries(REJECTED)) {
    const { request } = recordedChats.find((exchange) => exchange.title === title) as RecordedExchange;
    const { status, body } = await test.api.rejected(request);
    expect({ status, ...body.error }).toMatchObject({ status: 400, code: 'unsupported_parameter', param });
  }
});

describe('recorded embedding reaches the client', () => {
  const embedder = new ScriptedUpstream();
  // With a worker for chat, which the platform waits for at its start.
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

  /** Engines and clients use 32-bit floats; the number of printed digits may differ. */
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
      SPLITS.map((split): [string, Split, RecordedExchange] => [exchange.title, split, exchange]),
    ),
  )('%s, split: %s', async (_, split, { request, response }) => {
    embedder.reply = { stream: false, bodies: response, split };
    const url = `${embedding.api.projectUrl.replace(/\/v1$/, '/embed/v1')}/embeddings`;
    const { status, body } = await embedding.api.request<Json>('POST', url, 'CreateEmbeddingResponse', request);
    expect({ status, model: body['model'] }).toEqual({ status: 200, model: 'upstream-embed' });
    expect(asFloats(without(body, SET_BY_PLATFORM))).toEqual(asFloats(without(response[0] as Json, SET_BY_PLATFORM)));
    // The worker requests floats, whatever the client requests, since not every server supports base64.
    expect(embedder.takeRequests()).toMatchObject([
      {
        path: '/v1/embeddings',
        body: { model: 'upstream-model', input: request['input'], encoding_format: 'float' },
      },
    ]);
  });
});
