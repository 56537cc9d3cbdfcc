import { emptyUsage } from '@xerotier/contracts/inference';
import { mediaRoutes } from '@xerotier/contracts/xim';
import type { TokenUsage } from '@xerotier/contracts/inference';
import type { MediaRoute, MediaTask } from '@xerotier/contracts/xim';
import type { AppError } from '@xerotier/errors';
import { createEngine } from '../create-engine.ts';
import { engineConfig } from '../engine-config.ts';
import type { OpenaiConfig } from '../engine-config.ts';
import { engineFor } from '../engine-tasks.ts';
import type { Engine, MediaJob } from '../engine.ts';
import { beginStream, FakeUpstream, json, sse } from '../testing/fake-upstream.ts';
import type { Responder } from '../testing/fake-upstream.ts';
import { aJob, run } from '../testing/jobs.ts';
import { OpenaiMediaEngine } from './openai-media.engine.ts';

const NEVER = new AbortController().signal;
const SOUND = Buffer.from(Array.from({ length: 200_000 }, (_, i) => (i * 31) % 256));
const MIB = 2 ** 20;

let upstream: FakeUpstream;
const engines: Engine[] = [];

beforeEach(async () => {
  upstream = new FakeUpstream();
  await upstream.start();
});

afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.close();
  await upstream.stop();
});

function anEngine(task: MediaTask, config: Partial<OpenaiConfig> = {}): OpenaiMediaEngine {
  const parsed = engineConfig.parse({ kind: 'openai', baseUrl: upstream.baseUrl, model: 'named', task, ...config });
  const engine = new OpenaiMediaEngine(parsed as OpenaiConfig, task);
  engines.push(engine);
  return engine;
}

interface Media {
  readonly contentType: string | undefined;
  readonly bytes: Buffer;
  readonly pieces: number;
  readonly usage: TokenUsage;
}

async function ask(engine: Engine, job: Partial<MediaJob> & { route: MediaRoute }, signal = NEVER): Promise<Media> {
  const { task } = mediaRoutes[job.route];
  const events = engineFor(engine, task).media({ fields: {}, files: [], ...job }, signal);
  const parts: Uint8Array[] = [];
  let contentType: string | undefined;
  for (;;) {
    const next = await events.next();
    if (next.done === true)
      return { contentType, bytes: Buffer.concat(parts), pieces: parts.length, usage: next.value };
    if (next.value.type === 'data') parts.push(next.value.bytes);
    else if (contentType === undefined && parts.length === 0) ({ contentType } = next.value);
    else throw new Error('The head came twice, or late.');
  }
}

const failure = (generating: Promise<unknown>): Promise<AppError> =>
  generating.then(
    () => Promise.reject(new Error('It did not fail.')),
    (error: unknown) => error as AppError,
  );

/** Responds with these pieces, each in a write of its own. */
function inPieces(contentType: string | undefined, ...pieces: readonly (string | Uint8Array)[]): Responder {
  return async (response) => {
    response.writeHead(200, contentType === undefined ? {} : { 'content-type': contentType });
    for (const piece of pieces) {
      response.write(piece);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    response.end();
  };
}

const speech = { route: 'audio/speech', fields: { input: 'Hi', voice: 'alloy', speed: 2 } } as const;
const painting = { route: 'images/generations', fields: { prompt: 'a bird', n: 2 } } as const;

describe('OpenaiMediaEngine', () => {
  it('sends the parameters with the model name of the server', async () => {
    upstream.respond = inPieces('audio/mpeg', SOUND);
    await ask(anEngine('speak', { apiKey: 'sk-secret' }), speech);
    expect(upstream.requests).toMatchObject([
      {
        path: '/v1/audio/speech',
        headers: { authorization: 'Bearer sk-secret', 'content-type': 'application/json' },
        body: { model: 'named', input: 'Hi', voice: 'alloy', speed: 2 },
      },
    ]);
  });

  it('sends files as a form, with lists and objects in brackets', async () => {
    upstream.respond = (response) => json(response, { text: 'Hi' });
    const fields = {
      temperature: 0.5,
      stream: false,
      timestamp_granularities: ['word', 'segment'],
      chunking_strategy: { type: 'server_vad', threshold: 0.25 },
    };
    const file = { field: 'file', name: 'größe.wav', contentType: 'audio/wav', data: SOUND };
    await ask(anEngine('transcribe'), { route: 'audio/transcriptions', fields, files: [file] });
    const [request] = upstream.requests;
    expect(request?.path).toBe('/v1/audio/transcriptions');
    expect([...(request?.form ?? [])].filter(([name]) => name !== 'file')).toEqual([
      ['temperature', '0.5'],
      ['stream', 'false'],
      ['timestamp_granularities[]', 'word'],
      ['timestamp_granularities[]', 'segment'],
      ['chunking_strategy[type]', 'server_vad'],
      ['chunking_strategy[threshold]', '0.25'],
      ['model', 'named'],
    ]);
    const sent = request?.form.get('file') as File;
    expect([sent.name, sent.type]).toEqual(['größe.wav', 'audio/wav']);
    expect(Buffer.from(await sent.arrayBuffer()).equals(SOUND)).toBe(true);
  });

  it('sends one image as a field, and several as a list', async () => {
    upstream.respond = (response) => json(response, { created: 1 });
    const image = { field: 'image', name: 'a.png', contentType: 'image/png', data: Buffer.from('x') };
    const mask = { ...image, field: 'mask' };
    const engine = anEngine('image');
    await ask(engine, { route: 'images/edits', files: [image, mask] });
    await ask(engine, { route: 'images/edits', files: [image, image] });
    expect(upstream.requests.map(({ form }) => [...form.keys()])).toEqual([
      ['model', 'image', 'mask'],
      ['model', 'image[]', 'image[]'],
    ]);
  });

  it.each([
    ['audio/mpeg', SOUND],
    ['audio/L16; rate=24000', SOUND],
    ['application/octet-stream', SOUND],
    ['text/plain; charset=utf-8', Buffer.from('1\n00:00:00,000 --> 00:00:01,000\nHällo\n')],
    ['text/vtt', Buffer.from('WEBVTT\n')],
    ['application/x-subrip', Buffer.from('1\n')],
    ['audio/mpeg', Buffer.alloc(0)],
  ])('returns a response of type %s unchanged', async (type, bytes) => {
    upstream.respond = inPieces(type, bytes.subarray(0, 7), bytes.subarray(7));
    expect(await ask(anEngine('speak'), speech)).toMatchObject({ contentType: type, usage: emptyUsage() });
    expect((await ask(anEngine('speak'), speech)).bytes.equals(bytes)).toBe(true);
  });

  it.each([['text/html'], ['image/svg+xml'], ['application/javascript'], ['audio/mpeg, text/html']])(
    'rejects a response of type %s',
    async (type) => {
      upstream.respond = inPieces(type, '<script>');
      expect(await failure(ask(anEngine('speak'), speech))).toMatchObject({ code: 'inference.engine_failed' });
    },
  );

  it.each([
    ['JSON', ' {"text": "Hi"}', 'application/json'],
    ['audio', Buffer.from([0xff, 0xfb, 1, 2]), 'application/octet-stream'],
    ['HTML', '<script>', 'application/octet-stream'],
    ['nothing', '', 'application/octet-stream'],
  ])('detects the type of a response without a content type: %s', async (_what, body, contentType) => {
    upstream.respond = inPieces(undefined, body);
    const generated = await ask(anEngine('speak'), speech);
    expect(generated.contentType).toBe(contentType);
    expect(generated.bytes.equals(Buffer.from(body as string))).toBe(true);
  });

  it.each(['application/json', 'text/plain; charset=utf-8', 'application/octet-stream', undefined])(
    'accepts a requested stream as %s',
    async (type) => {
      const text = sse({ type: 'image_generation.completed', usage: { input_tokens: 6, output_tokens: 80 } });
      upstream.respond = inPieces(type, text.slice(0, 9), text.slice(9));
      const streamed = await ask(anEngine('image'), { ...painting, fields: { ...painting.fields, stream: true } });
      expect(streamed).toMatchObject({
        contentType: 'text/event-stream; charset=utf-8',
        usage: { promptTokens: 6, completionTokens: 80 },
      });
      expect(streamed.bytes.toString()).toBe(text);
    },
  );

  it.each([
    ['null and a total', { input_tokens: null, total_tokens: 9 }, 9, 0],
    ['digits', { input_tokens: '5', output_tokens: '70' }, 5, 70],
    ['a total and a part', { output_tokens: 70, total_tokens: 75 }, 5, 70],
  ])('reads the usage with %s', async (_what, usage, promptTokens, completionTokens) => {
    upstream.respond = (response) => json(response, { usage }, 201);
    expect((await ask(anEngine('image'), painting)).usage).toMatchObject({ promptTokens, completionTokens });
  });

  it('reads the usage in JSON, with the names of either API', async () => {
    const text = '{ "created": 1, "data": [{"b64_json":"eA=="}], "usage": {"input_tokens": 5, "output_tokens": 70} }';
    upstream.respond = inPieces('application/json', text.slice(0, 30), text.slice(30));
    const { bytes, usage } = await ask(anEngine('image'), painting);
    expect(bytes.toString()).toBe(text);
    expect(usage).toEqual({ ...emptyUsage(), promptTokens: 5, completionTokens: 70 });
    upstream.respond = (response) => json(response, { usage: { prompt_tokens: 3, completion_tokens: 4 } });
    expect((await ask(anEngine('image'), painting)).usage).toMatchObject({ promptTokens: 3, completionTokens: 4 });
  });

  it.each([
    [{ usage: { type: 'duration', seconds: 5 } }],
    [{ usage: { input_tokens: -1 } }],
    [{ usage: 'much' }],
    [[]],
  ])('reads no usage from %j', async (respond) => {
    upstream.respond = (response) => json(response, respond);
    expect((await ask(anEngine('image'), painting)).usage).toEqual(emptyUsage());
  });

  it('passes on a stream unchanged, and reads the usage of its last event', async () => {
    const events = [
      'event: image_generation.partial_image\n' + sse({ type: 'image_generation.partial_image', b64_json: 'eA==' }),
      sse({ type: 'image_generation.completed', usage: { input_tokens: 1, output_tokens: 1 } }),
      sse({ type: 'image_generation.completed', usage: { input_tokens: 6, output_tokens: 80 } }),
      sse('{"usage" but no JSON'),
    ];
    const text = events.join('');
    upstream.respond = inPieces(
      'text/event-stream; charset=utf-8',
      text.slice(0, 50),
      text.slice(50, 101),
      text.slice(101),
    );
    const { contentType, bytes, usage } = await ask(anEngine('image'), painting);
    expect(contentType).toBe('text/event-stream; charset=utf-8');
    expect(bytes.toString()).toBe(text);
    expect(usage).toMatchObject({ promptTokens: 6, completionTokens: 80 });
  });

  it('stops reading the response while its reader is paused', async () => {
    let written = 0;
    upstream.respond = (response) => {
      response.writeHead(200, { 'content-type': 'audio/wav' });
      const write = (): void => {
        while (written < 64 * MIB) {
          written += SOUND.length;
          if (!response.write(SOUND)) return void response.once('drain', write);
        }
        response.end();
      };
      write();
    };
    const events = anEngine('speak').media({ ...speech, files: [] }, NEVER);
    await events.next();
    await events.next();
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(written).toBeLessThan(32 * MIB);
    let length = 0;
    for await (const event of events) if (event.type === 'data') length += event.bytes.length;
    expect(written).toBeGreaterThanOrEqual(64 * MIB);
    expect(length).toBeGreaterThan(63 * MIB);
  });
});

describe('OpenaiMediaEngine, on failures,', () => {
  const errors: [object, string][] = [
    [{ error: { message: 'no such voice', code: 400 } }, 'inference.upstream_rejected'],
    [{ object: 'error', message: 'no such voice', code: 422 }, 'inference.upstream_rejected'],
    [{ error: { message: 'slow down', type: 'rate_limit_error' } }, 'worker.busy'],
    [{ error: 'CUDA' }, 'inference.engine_failed'],
  ];

  it.each(errors)('detects an error with status 200 before any data: %j', async (body, code) => {
    upstream.respond = (response) => json(response, body);
    expect(await failure(ask(anEngine('image'), painting))).toMatchObject({ code });
    const fields = { ...painting.fields, stream: true };
    const text = sse(body);
    for (const pieces of [[text], [text.slice(0, 8), text.slice(8)]]) {
      upstream.respond = inPieces('text/event-stream', ...pieces);
      const events = anEngine('image').media({ ...painting, fields, files: [] }, NEVER);
      expect(await events.next()).toMatchObject({ value: { type: 'head' } });
      expect(await failure(events.next())).toMatchObject({ code });
    }
  });

  it('fails at an error event after others, without passing it on', async () => {
    const error = { error: { message: `CUDA at ${upstream.baseUrl}` } };
    upstream.respond = inPieces('text/event-stream', sse({ type: 'image_generation.partial_image' }), sse(error));
    const events = anEngine('image').media({ ...painting, files: [] }, NEVER);
    const seen: string[] = [];
    const reading = (async () => {
      for await (const event of events) if (event.type === 'data') seen.push(Buffer.from(event.bytes).toString());
    })();
    expect(await failure(reading)).toMatchObject({ code: 'inference.engine_failed' });
    expect(seen.join('')).toContain('partial_image');
    expect(seen.join('')).not.toContain('CUDA');
  });

  it.each([
    [400, 'inference.upstream_rejected'],
    [413, 'inference.upstream_rejected'],
    [415, 'inference.upstream_rejected'],
    [422, 'inference.upstream_rejected'],
    [429, 'worker.busy'],
    [503, 'worker.busy'],
    [401, 'inference.engine_failed'],
    [404, 'inference.engine_failed'],
    [500, 'inference.engine_failed'],
  ])('translates the status %i to %s', async (status, code) => {
    upstream.respond = (response) => json(response, { error: { message: 'cannot decode the file' } }, status);
    const error = await failure(ask(anEngine('speak'), speech));
    expect(error.code).toBe(code);
    if (code === 'inference.upstream_rejected') expect(error.details['reason']).toBe('cannot decode the file');
  });

  it.each([
    ['invalid JSON', inPieces('application/json', '{"text": ')],
    [
      'truncated JSON',
      (response) => {
        response.writeHead(200, { 'content-type': 'application/json' }).write('{"text": "Hi"}');
        setTimeout(() => response.destroy(), 20);
      },
    ],
    ['oversized JSON', inPieces('application/json', Buffer.alloc(64 * MIB + 1, ' '))],
  ])('fails before any data for %s', async (_, respond) => {
    upstream.respond = respond;
    const events = anEngine('image').media({ ...painting, files: [] }, NEVER);
    expect(await failure(events.next())).toMatchObject({ code: 'inference.engine_failed' });
  });

  it('fails after the received data for truncated audio', async () => {
    upstream.respond = (response) => {
      response.writeHead(200, { 'content-type': 'audio/wav' }).write(SOUND);
      setTimeout(() => response.destroy(), 20);
    };
    const events = anEngine('speak').media({ ...speech, files: [] }, NEVER);
    expect(await events.next()).toMatchObject({ value: { type: 'head' } });
    expect(await failure(ask({ mediaTask: 'speak', media: () => events } as never, speech))).toMatchObject({
      code: 'inference.engine_failed',
    });
  });

  it('fails for an oversized event', async () => {
    upstream.respond = inPieces('text/event-stream', 'data: ', Buffer.alloc(33 * MIB, 'x'), '\n\n');
    expect(await failure(ask(anEngine('image'), painting))).toMatchObject({ code: 'inference.engine_failed' });
  });

  it('fails when the server times out', async () => {
    upstream.respond = () => undefined;
    const slow = anEngine('speak', { responseTimeoutMs: 50 });
    expect(await failure(ask(slow, speech))).toMatchObject({ code: 'inference.engine_failed' });
    upstream.respond = (response) => void response.writeHead(200, { 'content-type': 'audio/wav' }).write('x');
    const halting = anEngine('speak', { idleTimeoutMs: 50 });
    expect(await failure(ask(halting, speech))).toMatchObject({ code: 'inference.engine_failed' });
  });

  it.each(['before the response', 'during the response'])(
    'closes the connection of a cancelled request %s',
    async (when) => {
      const leaving = new AbortController();
      upstream.respond = (response) => {
        if (when === 'during the response') beginStream(response);
        if (when === 'during the response') response.write(sse({ usage: { input_tokens: 2, output_tokens: 1 } }));
        setTimeout(() => leaving.abort(), 50);
      };
      const { usage } = await ask(anEngine('image'), painting, leaving.signal);
      expect(usage.promptTokens).toBe(when === 'during the response' ? 2 : 0);
      await upstream.requests[0]?.aborted;
    },
  );

  it('sends no request after an abort', async () => {
    await ask(anEngine('speak'), speech, AbortSignal.abort());
    expect(upstream.requests).toEqual([]);
  });

  it('throws worker.draining when it is closed', async () => {
    const engine = anEngine('speak');
    upstream.respond = () => void engine.close();
    expect(await failure(ask(engine, speech))).toMatchObject({ code: 'worker.draining' });
  });

  it('does not support chat', async () => {
    await expect(run(anEngine('speak'), aJob())).rejects.toMatchObject({ code: 'inference.task_unsupported' });
  });
});

describe('a task', () => {
  const routes: readonly (readonly [MediaTask, MediaRoute])[] = [
    ['transcribe', 'audio/transcriptions'],
    ['transcribe', 'audio/translations'],
    ['speak', 'audio/speech'],
    ['image', 'images/generations'],
    ['image', 'images/edits'],
    ['image', 'images/variations'],
  ];

  it.each(['transcribe', 'speak', 'image'] as const)('%s serves its own routes only', async (task) => {
    upstream.respond = (response) => json(response, {});
    const engine = await createEngine(engineConfig.parse({ kind: 'openai', baseUrl: upstream.baseUrl, task }));
    engines.push(engine);
    await engine.check?.(NEVER);
    for (const [of, route] of routes) {
      const generating = ask(engine, { route });
      if (of === task) expect(await generating).toMatchObject({ contentType: 'application/json' });
      else expect(await failure(generating)).toMatchObject({ code: 'inference.task_unsupported' });
    }
    expect(upstream.requests.filter(({ path }) => path === '/v1/models')).toHaveLength(1);
  });
});
