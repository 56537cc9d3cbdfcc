/** Embeddings and rankings over NATS. */
import { emptyUsage } from '@xerotier/contracts/inference';
import { decodeScore, decodeVector, modelContract, workerContract } from '@xerotier/contracts/xim';
import type { GenerationEnd, GenerationHead } from '@xerotier/contracts/xim';
import type { AppError } from '@xerotier/errors';
import { silentLog } from '@xerotier/log/testing';
import type { Bus } from '@xerotier/nats';
import { testBuses } from '@xerotier/nats/testing';
import { eventually, testServers } from '@xerotier/testing';
import type { Engine, RankEngine } from '../engines/engine.ts';
import { ScriptedEngine } from '../engines/scripted/scripted.engine.ts';
import { alwaysHealthy } from '../health/testing/always-healthy.ts';
import { serveGenerations } from './generations.handlers.ts';
import { GenerationsService } from './generations.service.ts';

const servers = testServers('nats');
const connectBus = testBuses(() => servers.nats.url);
const ADDRESS = { model: 'm', worker: 'w1' };

async function newWorker(changes: Partial<RankEngine> | { embed: undefined } = {}): Promise<GenerationsService> {
  const engine: Engine = new ScriptedEngine({ slots: 1, contextTokens: 100 });
  const { bus } = await connectBus();
  const service = new GenerationsService(
    Object.assign(engine, changes),
    alwaysHealthy,
    { workerId: 'w1', modelId: 'm1' },
    silentLog(),
  );
  serveGenerations(bus, service, ADDRESS);
  await bus.flush();
  return service;
}

interface Received {
  readonly head: () => GenerationHead | undefined;
  readonly frames: Uint8Array[];
  readonly cancel: () => void;
  readonly result: Promise<GenerationEnd | AppError>;
}

function send(bus: Bus, operation: 'embed' | 'rank', texts: object, shared = false): Received {
  const frames: Uint8Array[] = [];
  let head: GenerationHead | undefined;
  const { promise: result, resolve } = Promise.withResolvers<GenerationEnd | AppError>();
  const sink = {
    head: (value: GenerationHead) => (head = value),
    data: (payload: Uint8Array) => frames.push(payload.slice()),
    end: resolve,
    error: resolve,
  };
  const input = { requestId: 'req_1', projectId: 'proj_1', priority: 'interactive', ...texts } as never;
  const opened = shared
    ? bus.open(modelContract.operations[operation], input, sink, { values: { model: ADDRESS.model } })
    : bus.open(workerContract.operations[operation], input, sink, { values: ADDRESS });
  return { head: () => head, frames, cancel: () => opened.cancel(), result };
}

describe('embed and rank', () => {
  it.each([false, true])('sends one frame per input, in order (shared subject: %p)', async (shared) => {
    await newWorker();
    const { bus } = await connectBus();
    const received = send(bus, 'embed', { inputs: ['a b', 'c', [1, 2, 3]] }, shared);
    const usage = { ...emptyUsage(), promptTokens: 6 };
    expect(await received.result).toEqual({ usage, cancelled: false, inputTokens: [2, 1, 3] });
    expect(received.head()).toEqual({ workerId: 'w1', systemFingerprint: 'fp_scripted' });
    const vectors = received.frames.map(decodeVector);
    expect(vectors.map(({ length }) => length)).toEqual([64, 64, 64]);
    const alone = send(bus, 'embed', { inputs: ['c'] });
    await alone.result;
    expect(decodeVector(alone.frames[0] as Uint8Array)).toEqual(vectors[1]);
  });

  it('accepts and returns lists that exceed the maximum message size', async () => {
    await newWorker();
    const { bus } = await connectBus();
    // More than one megabyte of input and half a megabyte of output.
    const inputs = Array.from({ length: 2_048 }, (_, i) => `${i}${'x'.repeat(600)}`);
    const received = send(bus, 'embed', { inputs });
    expect(await received.result).toMatchObject({ usage: { promptTokens: 2_048 } });
    expect(received.frames).toHaveLength(2_048);
  });

  it('names the invalid input', async () => {
    await newWorker();
    const { bus } = await connectBus();
    const long = 'word '.repeat(101);
    expect(await send(bus, 'embed', { inputs: [long] }).result).toMatchObject({
      code: 'inference.input_too_long',
      param: 'input',
      details: { tokens: 101, contextTokens: 100 },
    });
    expect(await send(bus, 'embed', { inputs: ['a', long] }).result).toMatchObject({ param: 'input[1]' });
    expect(await send(bus, 'embed', { inputs: ['a', [100_000]] }).result).toMatchObject({
      code: 'request.invalid',
      param: 'input[1]',
    });
    expect(await send(bus, 'embed', { inputs: ['a'], dimensions: 65 }).result).toMatchObject({ param: 'dimensions' });
  });

  it('never exceeds its slots, for any kind of work', async () => {
    const service = await newWorker();
    const { bus } = await connectBus();
    const first = send(bus, 'embed', {
      inputs: ['[[script {"delayMs":50}]]', ...Array.from({ length: 500 }, () => 'x')],
    });
    await eventually('it is running', () => first.frames.length > 0);
    expect(service.active()).toEqual(['req_1']);
    expect(await send(bus, 'embed', { inputs: ['a'] }).result).toMatchObject({ code: 'worker.busy' });
    expect(await send(bus, 'rank', { queries: ['a'], documents: ['b'] }).result).toMatchObject({ code: 'worker.busy' });
    first.cancel();
    expect(await first.result).toMatchObject({ cancelled: true });
    await eventually('its slot is released', () => service.active().length === 0);
    expect(await send(bus, 'embed', { inputs: ['a'] }).result).toMatchObject({ cancelled: false });
  });

  it('aborts running work at the end of the grace period, and rejects new work', async () => {
    const service = await newWorker();
    const { bus } = await connectBus();
    const first = send(bus, 'embed', { inputs: ['[[script {"hangAfter":1}]]', 'x'] });
    await eventually('it is running', () => first.frames.length > 0);
    await service.drain(AbortSignal.abort());
    expect(await first.result).toMatchObject({ code: 'worker.draining', details: { usage: { promptTokens: 2 } } });
    expect(await send(bus, 'embed', { inputs: ['a'] }).result).toMatchObject({ code: 'worker.draining' });
  });

  it('ranks by the similarity of its vectors: 1 for equal texts, 0.5 for unrelated ones', async () => {
    await newWorker();
    const { bus } = await connectBus();
    const one = send(bus, 'rank', { queries: ['red apple'], documents: ['red apple', 'blue car', 'red car'] });
    expect(await one.result).toMatchObject({ usage: { promptTokens: 8 } });
    const [same = 0, other = 0, half = 0] = one.frames.map(decodeScore);
    expect(same).toBeCloseTo(1, 6);
    expect(half).toBeCloseTo(0.75, 6);
    expect(other).toBeCloseTo(0.5, 6);
    const pairs = send(bus, 'rank', { queries: ['a', 'b'], documents: ['b', 'b'] });
    await pairs.result;
    const [different = 1, equal = 0] = pairs.frames.map(decodeScore);
    expect(equal).toBeCloseTo(1, 6);
    expect(different).toBeLessThan(0.6);
  });

  it('names the invalid text of a ranking', async () => {
    await newWorker();
    const { bus } = await connectBus();
    const long = 'word '.repeat(101);
    expect(await send(bus, 'rank', { queries: [long], documents: ['a'] }).result).toMatchObject({
      param: 'queries[0]',
    });
    expect(await send(bus, 'rank', { queries: ['a'], documents: ['a', long] }).result).toMatchObject({
      param: 'documents[1]',
    });
  });
});

describe('a worker', () => {
  it('returns the scores of its model if that ranks', async () => {
    const rank: RankEngine['rank'] = async function* ({ documents }) {
      yield* await Promise.resolve(documents.map((_, i) => i / 8));
      return { ...emptyUsage(), promptTokens: 5 };
    };
    await newWorker({ rank });
    const received = send((await connectBus()).bus, 'rank', { queries: ['a'], documents: ['b', 'c'] });
    expect(await received.result).toMatchObject({ usage: { promptTokens: 5 } });
    expect(received.frames.map(decodeScore)).toEqual([0, 0.125]);
  });

  it('rejects embeddings and rankings if it supports neither', async () => {
    const service = await newWorker({ embed: undefined });
    const { bus } = await connectBus();
    expect(await send(bus, 'embed', { inputs: ['a'] }).result).toMatchObject({
      code: 'inference.task_unsupported',
      status: 400,
    });
    expect(await send(bus, 'rank', { queries: ['a'], documents: ['b'] }).result).toMatchObject({
      code: 'inference.task_unsupported',
    });
    expect(service.active()).toEqual([]);
  });

  it('rejects a ranking whose numbers of queries and documents do not match', async () => {
    await newWorker();
    const { bus } = await connectBus();
    expect(await send(bus, 'rank', { queries: ['a', 'b'], documents: ['a', 'b', 'c'] }).result).toMatchObject({
      code: 'bus.unreadable',
    });
  });
});
