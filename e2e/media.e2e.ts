/**
 * Audio and images, with the official SDK and on the wire, against an upstream that implements the specification: endpoints,
 * API keys, multipart forms, the ledger, and disconnects on both sides.
 */
import { scriptedPlatform, together } from '@xerotier/dev';
import { eventually } from '@xerotier/testing';
import OpenAI, { toFile } from 'openai';
import { expectError } from './support/chat-checks.ts';
import type { ApiResponse, ApiClient, ErrorBody } from './support/api-client.ts';
import { Ledger } from './support/ledger.ts';
import { MEDIA_TASKS, MediaUpstream, imageOf, audioOf } from './support/media-upstream.ts';
import { addTenant } from './support/tenant.ts';
import { testPlatform } from './support/test-platform.ts';

const MIB = 2 ** 20;
const FILE_BYTES_MAX = 25 * MIB;
const upstream = new MediaUpstream();

const test = testPlatform(async () => {
  await upstream.start();
  return together(scriptedPlatform(), upstream.plan());
});

afterAll(() => upstream.stop());
beforeEach(() => {
  upstream.failure = undefined;
  upstream.takeRequests();
});

const ledger = (): Ledger => new Ledger(test.description.databaseUrl);
const at = (endpointSlug: string): ApiClient => test.api.with({ endpointSlug });

/** Returns the official SDK with the base URL of one endpoint or of the project. */
function sdk(slug?: string): OpenAI {
  const baseURL = slug === undefined ? test.api.projectUrl : at(slug).endpointUrl;
  return new OpenAI({ baseURL, apiKey: test.description.apiKey, maxRetries: 0 });
}

const wav = (bytes = 1_234): Promise<File> => toFile(Buffer.alloc(bytes, 7), 'talk.wav', { type: 'audio/wav' });
const png = (bytes: number): Promise<File> => toFile(Buffer.alloc(bytes, 7), 'a.png', { type: 'image/png' });

function form(fields: Readonly<Record<string, string | File>>): FormData {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) body.append(name, value);
  return body;
}

interface PostOptions {
  readonly key?: string;
  readonly signal?: AbortSignal;
}

/** Posts a multipart form or JSON. */
function post(
  url: string,
  body: FormData | object,
  { key = test.description.apiKey, signal }: PostOptions = {},
): Promise<Response> {
  const isForm = body instanceof FormData;
  return fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, ...(!isForm && { 'content-type': 'application/json' }) },
    body: isForm ? body : JSON.stringify(body),
    ...(signal !== undefined && { signal }),
  });
}

async function rejected(
  url: string,
  body: FormData | object,
  options: PostOptions = {},
): Promise<ApiResponse<ErrorBody>> {
  const response = await post(url, body, options);
  const { status, headers } = response;
  const parsed = test.schema.expectValid('ErrorResponse', (await response.json()) as ErrorBody);
  return { status, headers, requestId: headers.get('x-request-id') ?? '', body: parsed };
}

const speech = { model: 'any', input: 'Good morning', voice: 'alloy' } as const;

describe('speech', () => {
  it.each([
    ['mp3', 'audio/mpeg'],
    ['wav', 'audio/wav'],
    ['pcm', 'audio/pcm'],
  ] as const)('in %s is returned byte for byte as %s', async (format, type) => {
    const response = await sdk('speak').audio.speech.create({ ...speech, response_format: format, speed: 1.5 });
    expect(Buffer.from(await response.arrayBuffer()).equals(audioOf(speech.input))).toBe(true);
    expect(response.headers.get('content-type')).toBe(type);
    expect(response.headers.get('x-request-id')).toMatch(/^req_/);
    expect(response.headers.get('x-xerotier-worker-id')).toMatch(/./);
    for (const name of ['set-cookie', 'server']) expect(response.headers.has(name)).toBe(false);
    expect(upstream.takeRequests()).toMatchObject([
      { fields: { model: 'upstream-media', input: speech.input, voice: 'alloy', speed: 1.5, response_format: format } },
    ]);
  });

  it('is streamed as events, and its tokens are in the ledger once', async () => {
    const response = await post(`${at('speak').endpointUrl}/audio/speech`, { ...speech, stream_format: 'sse' });
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    const events = (await response.text())
      .split('\n\n')
      .filter((text) => text !== '')
      .map((text) => JSON.parse(text.slice('data: '.length)) as { type: string; audio?: string });
    expect(events.map(({ type }) => type)).toEqual(['speech.audio.delta', 'speech.audio.delta', 'speech.audio.done']);
    const audio = Buffer.concat(events.map(({ audio = '' }) => Buffer.from(audio, 'base64')));
    expect(audio.equals(audioOf(speech.input))).toBe(true);
    expect(await ledger().settledWithKind(response.headers.get('x-request-id') ?? '')).toMatchObject([
      { kind: 'audio.speech', outcome: 'completed', streamed: true, prompt_tokens: 5, completion_tokens: 60 },
    ]);
  });

  it('at the base URL of the project is served by the endpoint that the model selects', async () => {
    for (const model of ['speak', 'speak-model']) {
      const response = await sdk().audio.speech.create({ ...speech, model });
      expect((await response.arrayBuffer()).byteLength).toBe(300_000);
    }
  });
});

describe('transcription', () => {
  const create = sdkOf((client) => client.audio.transcriptions);

  it('is returned as JSON, text, subtitles and verbose JSON', async () => {
    const file = await wav();
    expect(await create().create({ file, model: 'any' })).toMatchObject({ text: 'Heard 1234 bytes.' });
    expect(await create().create({ file, model: 'any', response_format: 'text' })).toBe('Heard 1234 bytes.\n');
    expect(await create().create({ file, model: 'any', response_format: 'srt' })).toContain('00:00:00,000 --> ');
    expect(await create().create({ file, model: 'any', response_format: 'vtt' })).toContain('WEBVTT');
    const verbose = await create().create({
      file,
      model: 'any',
      language: 'en',
      temperature: 0.2,
      response_format: 'verbose_json',
      timestamp_granularities: ['word', 'segment'],
    });
    expect(verbose).toMatchObject({ duration: 1, words: [{ word: 'Heard' }] });
    expect(upstream.takeRequests().at(-1)).toMatchObject({
      path: '/v1/audio/transcriptions',
      fields: { language: 'en', temperature: '0.2', 'timestamp_granularities[]': ['word', 'segment'] },
      files: [{ field: 'file', name: 'talk.wav', type: 'audio/wav', bytes: Buffer.alloc(1_234, 7) }],
    });
  });

  it('is streamed as deltas of its text', async () => {
    const stream = await create().create({ file: await wav(), model: 'any', stream: true });
    let text = '';
    let done = '';
    for await (const event of stream) {
      if (event.type === 'transcript.text.delta') text += event.delta;
      if (event.type === 'transcript.text.done') done = event.text;
    }
    expect([text, done]).toEqual(['Heard 1234 bytes.', 'Heard 1234 bytes.']);
  });

  it('is in the ledger once, with the tokens that the upstream counted', async () => {
    const body = form({ model: 'any', file: await wav() });
    const response = await post(`${at('transcribe').endpointUrl}/audio/transcriptions`, body);
    await response.text();
    expect(await ledger().settledWithKind(response.headers.get('x-request-id') ?? '')).toMatchObject([
      { kind: 'audio.transcription', outcome: 'completed', streamed: false, prompt_tokens: 5, completion_tokens: 60 },
    ]);
  });

  it('accepts a file of at most 25 MiB', async () => {
    const { text } = await create().create({ file: await wav(FILE_BYTES_MAX), model: 'any' });
    expect(text).toBe(`Heard ${FILE_BYTES_MAX} bytes.`);
    const url = `${at('transcribe').endpointUrl}/audio/transcriptions`;
    const tooLarge = await rejected(url, form({ model: 'any', file: await wav(FILE_BYTES_MAX + 1) }));
    expectError(tooLarge, 413, 'request_too_large', 'file');
    expectError(await rejected(url, form({ model: 'any', file: await wav(33 * MIB) })), 413, 'request_too_large', null);
  });

  it.each([
    ['no file', { model: 'any' }, 'file'],
    ['a string in place of the file', { model: 'any', file: 'RIFF' }, 'file'],
    ['no model', { file: 'wav' }, 'model'],
    ['an unknown language', { model: 'any', file: 'wav', language: 'xx' }, 'language'],
    [
      'timestamp_granularities without verbose_json',
      { model: 'any', file: 'wav', 'timestamp_granularities[]': 'word' },
      'timestamp_granularities',
    ],
    ['a temperature above 1', { model: 'any', file: 'wav', temperature: '1.01' }, 'temperature'],
    ['an unknown format', { model: 'any', file: 'wav', response_format: 'xml' }, 'response_format'],
  ])('with %s returns 400', async (_, fields, param) => {
    const { file, ...texts } = fields as { file?: string };
    const body = form({ ...texts, ...(file !== undefined && { file: file === 'wav' ? await wav() : file }) });
    const url = `${at('transcribe').endpointUrl}/audio/transcriptions`;
    expectError(await rejected(url, body), 400, 'invalid_request', param);
    expect(upstream.takeRequests()).toEqual([]);
  });

  it('to English is a translation', async () => {
    const { text } = await sdk('transcribe').audio.translations.create({ file: await wav(), model: 'any' });
    expect(text).toBe('Translated 1234 bytes.');
  });

  function sdkOf<T>(part: (client: OpenAI) => T): () => T {
    return () => part(sdk('transcribe'));
  }
});

describe('images', () => {
  it('are returned as base64 and as URLs, n of them', async () => {
    const { images } = sdk('image');
    const generated = await images.generate({ prompt: 'a bird', n: 2, response_format: 'b64_json' });
    expect(generated.data).toEqual([{ b64_json: imageOf('a bird of ', 0) }, { b64_json: imageOf('a bird of ', 1) }]);
    const linked = await images.generate({ prompt: 'a bird', response_format: 'url', size: '1024x1024' });
    expect(linked.data).toEqual([{ url: 'https://images.example/0.png' }]);
  });

  it('are streamed as three partial images and the completed one', async () => {
    const stream = await sdk('image').images.generate({ prompt: 'a bird', stream: true, partial_images: 3 });
    const events = [];
    for await (const event of stream) events.push(event);
    expect(events.map(({ type }) => type)).toEqual([
      ...Array<string>(3).fill('image_generation.partial_image'),
      'image_generation.completed',
    ]);
    expect(events.at(-1)).toMatchObject({ b64_json: imageOf('a bird of ', 9), usage: { input_tokens: 5 } });
  });

  it('are edited with a mask, edited several at once, and varied', async () => {
    const { images } = sdk('image');
    const one = await images.edit({ image: await png(10), mask: await png(20), prompt: 'bluer', model: 'any', n: 1 });
    expect(one.data).toEqual([{ b64_json: imageOf('bluer of 10+20', 0) }]);
    const two = await images.edit({ image: [await png(10), await png(30)], prompt: 'bluer' });
    expect(two.data).toEqual([{ b64_json: imageOf('bluer of 10+30', 0) }]);
    const varied = await images.createVariation({ image: await png(40), n: 2, size: '512x512' });
    expect(varied.data).toHaveLength(2);
    const received = upstream.takeRequests();
    expect(received.map(({ files }) => files.map(({ field }) => field))).toEqual([
      ['image', 'mask'],
      ['image[]', 'image[]'],
      ['image'],
    ]);
    expect(received.map(({ fields }) => fields['model'])).toEqual(Array<string>(3).fill('upstream-media'));
  });

  it('at the base URL of the project require no model', async () => {
    const { data } = await sdk().images.generate({ prompt: 'a bird' });
    expect(data).toHaveLength(1);
  });

  it.each([
    ['eleven images', { n: 11 }, 'n'],
    ['four partial images', { partial_images: 4 }, 'partial_images'],
    ['no prompt', { prompt: undefined }, 'prompt'],
    ['an unknown response_format', { response_format: 'png' }, 'response_format'],
  ])('with %s return 400', async (_, params, param) => {
    const body = { prompt: 'a bird', ...params };
    expectError(await rejected(`${at('image').endpointUrl}/images/generations`, body), 400, 'invalid_request', param);
  });

  it('are in the ledger once per request, with its kind', async () => {
    const url = at('image').endpointUrl;
    const [image, prompt] = [await png(10), 'bluer'];
    const responses = [
      await post(`${url}/images/generations`, { prompt }),
      await post(`${url}/images/edits`, form({ image, prompt })),
      await post(`${url}/images/variations`, form({ image })),
    ];
    for (const [i, kind] of ['image.generation', 'image.edit', 'image.variation'].entries()) {
      const response = responses[i] as Response;
      await response.text();
      expect(await ledger().settledWithKind(response.headers.get('x-request-id') ?? '')).toMatchObject([
        { kind, outcome: 'completed', prompt_tokens: 5, completion_tokens: 60 },
      ]);
    }
  });
});

describe('route', () => {
  const bodies = async (): Promise<[string, FormData | object][]> => [
    ['audio/speech', speech],
    ['audio/transcriptions', form({ model: 'any', file: await wav() })],
    ['audio/translations', form({ model: 'any', file: await wav() })],
    ['images/generations', { prompt: 'x' }],
    ['images/edits', form({ image: await png(1), prompt: 'x' })],
    ['images/variations', form({ image: await png(1) })],
  ];

  it('returns 400 for an endpoint with another task', async () => {
    for (const [route, body] of await bodies()) {
      const own = route.startsWith('images') ? 'image' : route === 'audio/speech' ? 'speak' : 'transcribe';
      for (const slug of ['chat', ...MEDIA_TASKS].filter((task) => task !== own)) {
        expectError(await rejected(`${at(slug).endpointUrl}/${route}`, body), 400, 'wrong_task_mode', 'model');
      }
    }
    const chat = await at('speak').rejected({ model: 'any', messages: [{ role: 'user', content: 'Hi' }] });
    expectError(chat, 400, 'wrong_task_mode', 'model');
  });

  it('returns 404 with the missing task for a project without such an endpoint', async () => {
    const tenant = await addTenant(test.platform, 'scripted');
    const url = test.api.with(tenant).projectUrl;
    for (const [route, body] of await bodies()) {
      const response = await rejected(`${url}/${route}`, body, { key: tenant.apiKey });
      expectError(response, 404, 'capability_not_available', null);
      const task = route.startsWith('images') ? 'image' : route === 'audio/speech' ? 'speak' : 'transcribe';
      expect(response.body.error.message).toContain(`'${task}'`);
    }
  });

  it('returns 404 for another tenant', async () => {
    const tenant = await addTenant(test.platform, 'scripted');
    for (const [route, body] of await bodies()) {
      const url = `${at('speak').endpointUrl}/${route}`;
      const response = await rejected(url, body, { key: tenant.apiKey });
      expect([response.status, response.body.error.code]).toEqual([404, 'project_not_found']);
    }
    expect(upstream.takeRequests()).toEqual([]);
  });

  it('returns 404 for an unknown model', async () => {
    const response = await rejected(`${test.api.projectUrl}/audio/speech`, { ...speech, model: 'none' });
    expectError(response, 404, 'model_not_found', 'model');
  });

  it('returns 415 for JSON in place of a form, and for a form in place of JSON', async () => {
    const url = at('transcribe').endpointUrl;
    expectError(await rejected(`${url}/audio/transcriptions`, { model: 'any' }), 415, 'unsupported_media_type', null);
    const asForm = form({ model: 'any', input: 'x', voice: 'y' });
    for (const [slug, route] of [
      ['speak', 'audio/speech'],
      ['chat', 'chat/completions'],
    ] as const) {
      expectError(await rejected(`${at(slug).endpointUrl}/${route}`, asForm), 415, 'unsupported_media_type', null);
    }
  });
});

describe('upstream failure', () => {
  const url = (): string => `${at('speak').endpointUrl}/audio/speech`;
  const audioFrom = async (from: string): Promise<Buffer> =>
    Buffer.from(await (await post(from, speech)).arrayBuffer());

  it('returns 400 with the reason when the upstream rejects the request, and 500 when it fails', async () => {
    upstream.failure = 'reject';
    const response = await rejected(url(), speech);
    expectError(response, 400, 'invalid_request', null);
    expect(response.body.error.message).toContain('no such voice');
    upstream.failure = 'fail';
    expectError(await rejected(url(), speech), 500, 'engine_error', null);
  });

  it('aborts the response when the upstream disconnects during the audio', async () => {
    upstream.failure = 'disconnect';
    const response = await post(url(), speech);
    expect(response.status).toBe(200);
    await expect(response.arrayBuffer()).rejects.toThrow();
    const [row] = await ledger().settledWithKind(response.headers.get('x-request-id') ?? '');
    expect(row).toMatchObject({ outcome: 'failed' });
  });

  it('ends a stream with an error event when the upstream disconnects', async () => {
    upstream.failure = 'disconnect';
    const text = await (await post(url(), { ...speech, stream_format: 'sse' })).text();
    const last = text.trimEnd().split('\n\n').at(-1) ?? '';
    expect(JSON.parse(last.slice('data: '.length))).toMatchObject({ type: 'stream_error', code: 'engine_error' });
  });

  it.each([
    ['audio/speech', speech],
    ['audio/speech', { ...speech, stream_format: 'sse' }],
  ])('aborts the upstream request when the client disconnects during %s', async (_, body) => {
    upstream.failure = 'hang';
    const abort = new AbortController();
    const response = await post(url(), body, { signal: abort.signal });
    await response.body?.getReader().read();
    abort.abort();
    await upstream.disconnected;
    const requestId = response.headers.get('x-request-id') ?? '';
    expect(await ledger().settledWithKind(requestId)).toMatchObject([{ kind: 'audio.speech', outcome: 'cancelled' }]);
    upstream.failure = undefined;
    // All slots are free again.
    await eventually('a request is served', async () => audioOf(speech.input).equals(await audioFrom(url())));
  });

  it('delivers everything to a slow client', async () => {
    const response = await post(url(), speech);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(Buffer.from(await response.arrayBuffer()).equals(audioOf(speech.input))).toBe(true);
  });
});
