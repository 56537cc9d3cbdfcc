/** Embeddings, rankings and media: as chat requests, except for the data, and for numbers, which are repeatable. */
import { usageRecord, usageRecorded } from '@xerotier/contracts/inference';
import { encodeScore, encodeVector } from '@xerotier/contracts/xim';
import type { UsageRecord } from '@xerotier/contracts/inference';
import type { EmbeddingInput, MediaHead, RankingInput } from '@xerotier/contracts/xim';
import { AppError } from '@xerotier/errors';
import { silentLog } from '@xerotier/log/testing';
import { DurablePublisher, ensureStream } from '@xerotier/nats';
import type { StreamControl } from '@xerotier/nats';
import { testBuses } from '@xerotier/nats/testing';
import { eventually, testServers } from '@xerotier/testing';
import { z } from 'zod';
import { FakeRouter, FakeWorker, MODEL, usageOf } from '../test/fake-fleet.ts';
import type { FakeStream, Script } from '../test/fake-fleet.ts';
import { InferenceClient } from './inference-client.ts';
import type { MediaRequest } from './inference-client.ts';
import type { TrackedContext } from './inference-run.ts';

const servers = testServers('nats');
const connectBus = testBuses(() => servers.nats.url);

interface Fleet {
  readonly client: InferenceClient;
  readonly router: FakeRouter;
  readonly workers: Record<string, FakeWorker>;
  readonly killWorker: (workerId: string) => Promise<void>;
}

const usages: UsageRecord[] = [];
afterEach(() => void (usages.length = 0));

async function newFleet(scripts: Record<string, Script>, setup: { router?: boolean } = {}): Promise<Fleet> {
  const routerBus = await connectBus();
  const router = new FakeRouter(routerBus.bus, Object.keys(scripts));
  if (setup.router !== false) await router.serve();
  const workers: Record<string, FakeWorker> = {};
  const kill: Record<string, () => Promise<void>> = {};
  for (const [workerId, script] of Object.entries(scripts)) {
    const { bus, connection } = await connectBus();
    workers[workerId] = new FakeWorker(bus, workerId, script);
    await workers[workerId].serve({ shared: true });
    kill[workerId] = async () => {
      // Data that was already sent must arrive.
      await new Promise((resolve) => setImmediate(resolve));
      await connection.nats.flush();
      await connection.nats.close();
    };
  }
  await ensureStream(routerBus.connection, usageRecorded);
  routerBus.connection.nats.subscribe(usageRecorded.subject, {
    callback: (_error, message) => void usages.push(...z.array(usageRecord).parse(message.json())),
  });
  await routerBus.bus.flush();
  const { bus, connection } = await connectBus({ liveness: { intervalMs: 50, silenceMs: 300 } });
  const usage = new DurablePublisher(connection, usageRecorded, silentLog());
  const client = new InferenceClient({ bus, usage, log: silentLog() });
  return { client, router, workers, killWorker: async (workerId) => kill[workerId]?.() };
}

let requests = 0;
function aContext(): TrackedContext {
  requests += 1;
  return {
    requestId: `req_n${requests}`,
    projectId: 'proj_1',
    endpointId: '0b7c9a52-51f1-4f4e-9d31-3b6c1d2f4a10',
    keyId: 'key_1',
    tier: 'free',
    modelId: MODEL,
    priority: 'interactive',
  };
}

const INPUTS = ['one', 'two', [3]];
const USAGE = usageOf(0);
const FOREVER = new AbortController().signal;

/** The vector of the nth input; its values identify the input and the worker. */
const vector = (n: number, workerId = 'a'): Float32Array => Float32Array.of(n, workerId.charCodeAt(0));

/** Returns a vector for each input; `beforeEachInput` runs before each. */
function embeds(beforeEachInput: (n: number, stream: FakeStream) => unknown = () => undefined): Script {
  return async (input, stream, workerId) => {
    const { inputs } = input as unknown as EmbeddingInput;
    stream.head({ workerId });
    for (const n of inputs.keys()) {
      await beforeEachInput(n, stream);
      if (stream.signal.aborted) return { usage: usageOf(0, { promptTokens: n }), cancelled: true };
      stream.data(encodeVector(vector(n, workerId)));
    }
    return { usage: USAGE, cancelled: false };
  };
}

async function recordsOf({ requestId }: TrackedContext): Promise<UsageRecord[]> {
  await eventually('the usage is recorded', () => usages.some((record) => record.requestId === requestId));
  return usages.filter((record) => record.requestId === requestId);
}

function failureOf(promise: Promise<unknown>): Promise<AppError> {
  return promise.then(
    (value) => Promise.reject(new Error(`expected a rejection, got ${JSON.stringify(value)}`)),
    (error: unknown) => error as AppError,
  );
}

describe('InferenceClient.embed', () => {
  it('uses one lease on one worker for all inputs, and returns the vectors in order', async () => {
    const { client, router, workers } = await newFleet({ a: embeds(), b: embeds() });
    const context = aContext();
    const numbers = await client.embed({ ...context, embedding: { inputs: INPUTS, dimensions: 2 } }, FOREVER);
    expect(numbers).toEqual({ head: { workerId: 'a' }, values: INPUTS.map((_, n) => vector(n)), usage: USAGE });
    expect(router.acquired).toMatchObject([{ promptTokensEstimate: 3, modelId: MODEL, tier: 'free' }]);
    expect(workers['a']?.received).toMatchObject([{ inputs: INPUTS, dimensions: 2, leaseId: 'lease_0' }]);
    await eventually('the slot is released', () => router.released.length > 0);
    expect(router.released).toEqual([{ leaseId: 'lease_0', workerId: 'a', outcome: 'done' }]);
  });

  it('records the usage once, as an embedding', async () => {
    const { client } = await newFleet({ a: embeds() });
    const context = aContext();
    await client.embed({ ...context, embedding: { inputs: INPUTS } }, FOREVER);
    expect(await recordsOf(context)).toMatchObject([
      {
        kind: 'embedding',
        outcome: 'completed',
        streamed: false,
        usage: USAGE,
        timeToFirstTokenMs: expect.any(Number),
      },
    ]);
  });

  it('uses the shared subject while no router is available', async () => {
    const { client, workers } = await newFleet({ a: embeds() }, { router: false });
    const { values } = await client.embed({ ...aContext(), embedding: { inputs: ['one'] } }, FOREVER);
    expect(values).toHaveLength(1);
    expect(workers['a']?.received[0]).not.toHaveProperty('leaseId');
  });

  it('restarts on another worker if its worker is lost midway, and discards the received vectors', async () => {
    const middle = Promise.withResolvers<void>();
    const stuck = embeds((n) => {
      if (n < 2) return undefined;
      middle.resolve();
      return new Promise(() => undefined);
    });
    const { client, router, killWorker } = await newFleet({ a: stuck, b: embeds() });
    const context = aContext();
    const response = client.embed({ ...context, embedding: { inputs: INPUTS } }, FOREVER);
    await middle.promise;
    await killWorker('a');
    const { head, values } = await response;
    expect([head, values]).toEqual([{ workerId: 'b' }, INPUTS.map((_, n) => vector(n, 'b'))]);
    expect(await recordsOf(context)).toMatchObject([{ outcome: 'completed', usage: USAGE }]);
    expect(router.released[0]).toMatchObject({ workerId: 'a', outcome: 'lost' });
  });

  it('fails with inference.interrupted if every worker fails midway', async () => {
    const lost = embeds((n) => {
      if (n === 1) throw new AppError('worker.draining', { usage: usageOf(0, { promptTokens: 1 }) });
    });
    const { client, router } = await newFleet({ a: lost, b: lost, c: lost, d: embeds() });
    const context = aContext();
    const failure = await failureOf(client.embed({ ...context, embedding: { inputs: INPUTS } }, FOREVER));
    expect(failure.code).toBe('inference.interrupted');
    expect(router.granted.map(({ workerId }) => workerId)).toEqual(['a', 'b', 'c']);
    expect(await recordsOf(context)).toMatchObject([{ outcome: 'failed', usage: { promptTokens: 1 } }]);
  });

  it('is not retried if the request is at fault', async () => {
    const rejection = new AppError('request.invalid', { reason: 'no.' }, { param: 'dimensions' });
    const { client, workers } = await newFleet({ a: embeds(() => Promise.reject(rejection)), b: embeds() });
    const failure = await failureOf(client.embed({ ...aContext(), embedding: { inputs: INPUTS } }, FOREVER));
    expect(failure).toMatchObject({ code: 'request.invalid', param: 'dimensions' });
    expect(workers['b']?.received).toEqual([]);
  });

  it.each([
    ['too few', INPUTS.length + 1],
    ['too many', INPUTS.length - 1],
  ])('fails if the worker returns %s vectors', async (_, count) => {
    const computes: Script = (input, stream, workerId) =>
      embeds()({ ...input, inputs: INPUTS } as unknown as typeof input, stream, workerId);
    const { client } = await newFleet({ a: computes });
    const inputs = Array.from({ length: count }, () => 'x');
    const failure = await failureOf(client.embed({ ...aContext(), embedding: { inputs } }, FOREVER));
    expect(failure.code).toBe('bus.gap');
  });

  it('stops the worker when its signal is aborted, and records the reported usage', async () => {
    const caller = new AbortController();
    const { client, workers } = await newFleet({ a: embeds((_n, stream) => untilAborted(stream)) });
    const context = aContext();
    const response = failureOf(client.embed({ ...context, embedding: { inputs: INPUTS } }, caller.signal));
    await eventually('it runs', () => workers['a']?.running === 1);
    caller.abort();
    expect((await response).code).toBe('inference.cancelled');
    expect(await recordsOf(context)).toMatchObject([{ outcome: 'cancelled' }]);
    expect(workers['a']?.running).toBe(0);
  });

  it('uses no worker if its signal is already aborted', async () => {
    const { client, workers } = await newFleet({ a: embeds() });
    const response = client.embed({ ...aContext(), embedding: { inputs: INPUTS } }, AbortSignal.abort());
    expect((await failureOf(response)).code).toBe('inference.cancelled');
    expect(workers['a']?.received).toEqual([]);
  });

  it('is ended by a drain whose grace period is over', async () => {
    const { client, workers } = await newFleet({ a: embeds((_n, stream) => untilAborted(stream)) });
    const response = failureOf(client.embed({ ...aContext(), embedding: { inputs: INPUTS } }, FOREVER));
    await eventually('it runs', () => workers['a']?.running === 1);
    await client.drain(AbortSignal.abort());
    expect((await response).code).toBe('service.draining');
  });
});

describe('InferenceClient.rank', () => {
  const ranks: Script = async (input, stream, workerId) => {
    const { queries, documents } = input as unknown as RankingInput;
    stream.head({ workerId });
    for (const n of documents.keys()) stream.data(encodeScore(n / 10 + queries.length));
    return Promise.resolve({ usage: USAGE, cancelled: false });
  };

  it.each(['rerank', 'score'] as const)('returns a score per document, and is recorded as %s', async (kind) => {
    const { client, router } = await newFleet({ a: ranks });
    const context = aContext();
    const ranking = { queries: ['four'], documents: ['four', 'eight888'] };
    expect(await client.rank({ ...context, kind, ranking }, FOREVER)).toEqual({
      head: { workerId: 'a' },
      values: [1, 1.1],
      usage: USAGE,
    });
    expect(router.acquired).toMatchObject([{ promptTokensEstimate: 4 }]);
    expect(await recordsOf(context)).toMatchObject([{ kind, outcome: 'completed' }]);
  });
});

async function untilAborted({ signal }: FakeStream): Promise<void> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
}

interface MediaRun {
  readonly run: StreamControl;
  readonly heads: MediaHead[];
  readonly data: string[];
  /** Resolves with the error, or undefined if it succeeded. */
  readonly ended: Promise<AppError | undefined>;
}

const SPEECH: MediaRequest['media'] = { route: 'audio/speech', fields: { input: 'Good day' }, files: [] };

function runMedia(client: InferenceClient, context: TrackedContext, media = SPEECH): MediaRun {
  const [heads, data]: [MediaHead[], string[]] = [[], []];
  const { promise: ended, resolve } = Promise.withResolvers<AppError | undefined>();
  const run = client.media(
    { ...context, media },
    {
      head: (head) => void heads.push(head),
      data: (bytes) => void data.push(Buffer.from(bytes).toString()),
      end: () => resolve(undefined),
      error: resolve,
    },
  );
  return { run, heads, data, ended };
}

/** Sends two data frames; `between` runs between them. */
function speaks(between: (stream: FakeStream) => unknown = () => undefined): Script {
  return async (_input, stream, workerId) => {
    stream.head({ workerId, contentType: 'audio/wav' });
    stream.data(Buffer.from('so'));
    await between(stream);
    if (stream.signal.aborted) return { usage: usageOf(0), cancelled: true };
    stream.data(Buffer.from('und'));
    return { usage: usageOf(9), cancelled: false };
  };
}

describe('InferenceClient.media', () => {
  it('uses one lease on one worker, and is recorded once as its kind', async () => {
    const { client, router, workers } = await newFleet({ a: speaks() });
    const context = aContext();
    const media = runMedia(client, context);
    expect(await media.ended).toBeUndefined();
    expect([media.heads, media.data]).toEqual([[{ workerId: 'a', contentType: 'audio/wav' }], ['so', 'und']]);
    expect(router.acquired).toMatchObject([{ promptTokensEstimate: 2 }]);
    expect(workers['a']?.received).toMatchObject([{ ...SPEECH, leaseId: 'lease_0' }]);
    expect(await recordsOf(context)).toMatchObject([
      { kind: 'audio.speech', outcome: 'completed', streamed: false, usage: usageOf(9) },
    ]);
  });

  it.each([
    ['audio/transcriptions', { stream: true }, 'audio.transcription', true],
    ['audio/speech', { stream_format: 'sse' }, 'audio.speech', true],
    ['images/generations', { prompt: 'x', stream: false }, 'image.generation', false],
  ] as const)('records %s with %j as %s', async (route, fields, kind, streamed) => {
    const { client } = await newFleet({ a: speaks() });
    const context = aContext();
    await runMedia(client, context, { route, fields, files: [] }).ended;
    expect(await recordsOf(context)).toMatchObject([{ kind, streamed }]);
  });

  const failing = new AppError('inference.engine_failed');

  it('is retried on another worker before its first byte', async () => {
    const early = await newFleet({ a: () => Promise.reject(failing), b: speaks() });
    const media = runMedia(early.client, aContext());
    expect(await media.ended).toBeUndefined();
    expect([media.heads.map(({ workerId }) => workerId), media.data]).toEqual([['b'], ['so', 'und']]);
  });

  it('is not retried after its first byte', async () => {
    const late = await newFleet({ a: speaks(() => Promise.reject(failing)), b: speaks() });
    const context = aContext();
    const cut = runMedia(late.client, context);
    expect(await cut.ended).toMatchObject({ code: 'inference.engine_failed' });
    expect(cut.data).toEqual(['so']);
    expect(late.workers['b']?.received).toEqual([]);
    expect(await recordsOf(context)).toMatchObject([{ outcome: 'failed', usage: { completionTokens: 0 } }]);
  });

  it('stops the worker and releases the slot when it is cancelled', async () => {
    const stopped: boolean[] = [];
    const untilStopped = async (stream: FakeStream): Promise<void> => {
      await eventually('it is aborted', () => stream.signal.aborted);
      stopped.push(true);
    };
    const { client, router } = await newFleet({ a: speaks(untilStopped) });
    const context = aContext();
    const media = runMedia(client, context);
    await eventually('it has started', () => media.data.length === 1);
    media.run.cancel();
    expect(await media.ended).toMatchObject({ code: 'inference.cancelled' });
    expect(stopped).toEqual([true]);
    await eventually('the slot is released', () => router.released.length > 0);
    expect(await recordsOf(context)).toMatchObject([{ outcome: 'cancelled' }]);
  });
});
