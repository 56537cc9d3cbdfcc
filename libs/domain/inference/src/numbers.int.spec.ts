/** Embeddings, rankings and media: the same way as a chat request, but for what comes back, and that numbers may begin again. */
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
      // What it has said is on its way, and arrives.
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
function anOrigin(): TrackedContext {
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

/** The vector of the nth input on a worker says both. */
const vector = (n: number, workerId = 'a'): Float32Array => Float32Array.of(n, workerId.charCodeAt(0));

/** Computes a vector for each input; `meanwhile` runs before each. */
function embeds(meanwhile: (n: number, stream: FakeStream) => unknown = () => undefined): Script {
  return async (input, stream, workerId) => {
    const { inputs } = input as unknown as EmbeddingInput;
    stream.head({ workerId });
    for (const n of inputs.keys()) {
      await meanwhile(n, stream);
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
    (value) => Promise.reject(new Error(`it was answered: ${JSON.stringify(value)}`)),
    (error: unknown) => error as AppError,
  );
}

describe('an embedding request', () => {
  it('is one lease on one worker, whatever it holds, and gets all of its vectors in order', async () => {
    const { client, router, workers } = await newFleet({ a: embeds(), b: embeds() });
    const origin = anOrigin();
    const numbers = await client.embed({ ...origin, embedding: { inputs: INPUTS, dimensions: 2 } }, FOREVER);
    expect(numbers).toEqual({ head: { workerId: 'a' }, values: INPUTS.map((_, n) => vector(n)), usage: USAGE });
    expect(router.acquired).toMatchObject([{ promptTokensEstimate: 3, modelId: MODEL, tier: 'free' }]);
    expect(workers['a']?.received).toMatchObject([{ inputs: INPUTS, dimensions: 2, leaseId: 'lease_0' }]);
    await eventually('the slot is given back', () => router.released.length > 0);
    expect(router.released).toEqual([{ leaseId: 'lease_0', workerId: 'a', outcome: 'done' }]);
  });

  it('is recorded once, as what it is', async () => {
    const { client } = await newFleet({ a: embeds() });
    const origin = anOrigin();
    await client.embed({ ...origin, embedding: { inputs: INPUTS } }, FOREVER);
    expect(await recordsOf(origin)).toMatchObject([
      {
        kind: 'embedding',
        outcome: 'completed',
        streamed: false,
        usage: USAGE,
        timeToFirstTokenMs: expect.any(Number),
      },
    ]);
  });

  it('takes the shared subject when no router answers', async () => {
    const { client, workers } = await newFleet({ a: embeds() }, { router: false });
    const { values } = await client.embed({ ...anOrigin(), embedding: { inputs: ['one'] } }, FOREVER);
    expect(values).toHaveLength(1);
    expect(workers['a']?.received[0]).not.toHaveProperty('leaseId');
  });

  it('begins again elsewhere when its worker is lost in the middle, and keeps nothing of what had come', async () => {
    const middle = Promise.withResolvers<void>();
    const stuck = embeds((n) => {
      if (n < 2) return undefined;
      middle.resolve();
      return new Promise(() => undefined);
    });
    const { client, router, killWorker } = await newFleet({ a: stuck, b: embeds() });
    const origin = anOrigin();
    const response = client.embed({ ...origin, embedding: { inputs: INPUTS } }, FOREVER);
    await middle.promise;
    await killWorker('a');
    const { head, values } = await response;
    expect([head, values]).toEqual([{ workerId: 'b' }, INPUTS.map((_, n) => vector(n, 'b'))]);
    expect(await recordsOf(origin)).toMatchObject([{ outcome: 'completed', usage: USAGE }]);
    expect(router.released[0]).toMatchObject({ workerId: 'a', outcome: 'lost' });
  });

  it('fails when every worker fails in the middle, as an interrupted answer does', async () => {
    const lost = embeds((n) => {
      if (n === 1) throw new AppError('worker.draining', { usage: usageOf(0, { promptTokens: 1 }) });
    });
    const { client, router } = await newFleet({ a: lost, b: lost, c: lost, d: embeds() });
    const origin = anOrigin();
    const failure = await failureOf(client.embed({ ...origin, embedding: { inputs: INPUTS } }, FOREVER));
    expect(failure.code).toBe('inference.interrupted');
    expect(router.granted.map(({ workerId }) => workerId)).toEqual(['a', 'b', 'c']);
    expect(await recordsOf(origin)).toMatchObject([{ outcome: 'failed', usage: { promptTokens: 1 } }]);
  });

  it('is not tried again when it is at fault itself', async () => {
    const rejection = new AppError('request.invalid', { reason: 'no.' }, { param: 'dimensions' });
    const { client, workers } = await newFleet({ a: embeds(() => Promise.reject(rejection)), b: embeds() });
    const failure = await failureOf(client.embed({ ...anOrigin(), embedding: { inputs: INPUTS } }, FOREVER));
    expect(failure).toMatchObject({ code: 'request.invalid', param: 'dimensions' });
    expect(workers['b']?.received).toEqual([]);
  });

  it.each([
    ['too few', INPUTS.length + 1],
    ['too many', INPUTS.length - 1],
  ])('is not answered with %s vectors', async (_, acquired) => {
    const computes: Script = (input, stream, workerId) =>
      embeds()({ ...input, inputs: INPUTS } as unknown as typeof input, stream, workerId);
    const { client } = await newFleet({ a: computes });
    const inputs = Array.from({ length: acquired }, () => 'x');
    const failure = await failureOf(client.embed({ ...anOrigin(), embedding: { inputs } }, FOREVER));
    expect(failure.code).toBe('bus.gap');
  });

  it('that is called off stops its worker, and counts what that says it used', async () => {
    const caller = new AbortController();
    const { client, workers } = await newFleet({ a: embeds((_n, stream) => untilAborted(stream)) });
    const origin = anOrigin();
    const response = failureOf(client.embed({ ...origin, embedding: { inputs: INPUTS } }, caller.signal));
    await eventually('it runs', () => workers['a']?.running === 1);
    caller.abort();
    expect((await response).code).toBe('inference.cancelled');
    expect(await recordsOf(origin)).toMatchObject([{ outcome: 'cancelled' }]);
    expect(workers['a']?.running).toBe(0);
  });

  it('that was called off before it began asks no worker', async () => {
    const { client, workers } = await newFleet({ a: embeds() });
    const response = client.embed({ ...anOrigin(), embedding: { inputs: INPUTS } }, AbortSignal.abort());
    expect((await failureOf(response)).code).toBe('inference.cancelled');
    expect(workers['a']?.received).toEqual([]);
  });

  it('is ended by a drain whose time is over', async () => {
    const { client, workers } = await newFleet({ a: embeds((_n, stream) => untilAborted(stream)) });
    const response = failureOf(client.embed({ ...anOrigin(), embedding: { inputs: INPUTS } }, FOREVER));
    await eventually('it runs', () => workers['a']?.running === 1);
    await client.drain(AbortSignal.abort());
    expect((await response).code).toBe('service.draining');
  });
});

describe('a ranking', () => {
  const ranks: Script = async (input, stream, workerId) => {
    const { queries, documents } = input as unknown as RankingInput;
    stream.head({ workerId });
    for (const n of documents.keys()) stream.data(encodeScore(n / 10 + queries.length));
    return Promise.resolve({ usage: USAGE, cancelled: false });
  };

  it.each(['rerank', 'score'] as const)('is answered with a score per document, and recorded as %s', async (kind) => {
    const { client, router } = await newFleet({ a: ranks });
    const origin = anOrigin();
    const ranking = { queries: ['four'], documents: ['four', 'eight888'] };
    expect(await client.rank({ ...origin, kind, ranking }, FOREVER)).toEqual({
      head: { workerId: 'a' },
      values: [1, 1.1],
      usage: USAGE,
    });
    expect(router.acquired).toMatchObject([{ promptTokensEstimate: 4 }]);
    expect(await recordsOf(origin)).toMatchObject([{ kind, outcome: 'completed' }]);
  });
});

async function untilAborted({ signal }: FakeStream): Promise<void> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
}

interface Heard {
  readonly run: StreamControl;
  readonly heads: MediaHead[];
  readonly data: string[];
  /** What it ended with; nothing for a good end. */
  readonly over: Promise<AppError | undefined>;
}

const SPEECH: MediaRequest['media'] = { route: 'audio/speech', fields: { input: 'Good day' }, files: [] };

function hear(client: InferenceClient, origin: TrackedContext, media = SPEECH): Heard {
  const [heads, data]: [MediaHead[], string[]] = [[], []];
  const { promise: over, resolve } = Promise.withResolvers<AppError | undefined>();
  const run = client.media(
    { ...origin, media },
    {
      head: (head) => void heads.push(head),
      data: (bytes) => void data.push(Buffer.from(bytes).toString()),
      end: () => resolve(undefined),
      error: resolve,
    },
  );
  return { run, heads, data, over };
}

/** Answers with two pieces; `between` runs between them. */
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

describe('a media request', () => {
  it('is one lease on one worker, and is recorded once as what it is', async () => {
    const { client, router, workers } = await newFleet({ a: speaks() });
    const origin = anOrigin();
    const heard = hear(client, origin);
    expect(await heard.over).toBeUndefined();
    expect([heard.heads, heard.data]).toEqual([[{ workerId: 'a', contentType: 'audio/wav' }], ['so', 'und']]);
    expect(router.acquired).toMatchObject([{ promptTokensEstimate: 2 }]);
    expect(workers['a']?.received).toMatchObject([{ ...SPEECH, leaseId: 'lease_0' }]);
    expect(await recordsOf(origin)).toMatchObject([
      { kind: 'audio.speech', outcome: 'completed', streamed: false, usage: usageOf(9) },
    ]);
  });

  it.each([
    ['audio/transcriptions', { stream: true }, 'audio.transcription', true],
    ['audio/speech', { stream_format: 'sse' }, 'audio.speech', true],
    ['images/generations', { prompt: 'x', stream: false }, 'image.generation', false],
  ] as const)('to %s with %j is recorded as %s', async (route, fields, kind, streamed) => {
    const { client } = await newFleet({ a: speaks() });
    const origin = anOrigin();
    await hear(client, origin, { route, fields, files: [] }).over;
    expect(await recordsOf(origin)).toMatchObject([{ kind, streamed }]);
  });

  const failing = new AppError('inference.engine_failed');

  it('is tried on another worker until its first byte', async () => {
    const early = await newFleet({ a: () => Promise.reject(failing), b: speaks() });
    const heard = hear(early.client, anOrigin());
    expect(await heard.over).toBeUndefined();
    expect([heard.heads.map(({ workerId }) => workerId), heard.data]).toEqual([['b'], ['so', 'und']]);
  });

  it('is not tried again after its first byte, which its client has', async () => {
    const late = await newFleet({ a: speaks(() => Promise.reject(failing)), b: speaks() });
    const origin = anOrigin();
    const cut = hear(late.client, origin);
    expect(await cut.over).toMatchObject({ code: 'inference.engine_failed' });
    expect(cut.data).toEqual(['so']);
    expect(late.workers['b']?.received).toEqual([]);
    expect(await recordsOf(origin)).toMatchObject([{ outcome: 'failed', usage: { completionTokens: 0 } }]);
  });

  it('that is cancelled stops the worker, and frees its slot', async () => {
    const stopped: boolean[] = [];
    const untilStopped = async (stream: FakeStream): Promise<void> => {
      await eventually('it is told to stop', () => stream.signal.aborted);
      stopped.push(true);
    };
    const { client, router } = await newFleet({ a: speaks(untilStopped) });
    const origin = anOrigin();
    const heard = hear(client, origin);
    await eventually('it has begun', () => heard.data.length === 1);
    heard.run.cancel();
    expect(await heard.over).toMatchObject({ code: 'inference.cancelled' });
    expect(stopped).toEqual([true]);
    await eventually('the slot is given back', () => router.released.length > 0);
    expect(await recordsOf(origin)).toMatchObject([{ outcome: 'cancelled' }]);
  });
});
