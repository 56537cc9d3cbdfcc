import { emptyUsage } from '@xerotier/contracts/inference';
import { countingContract, modelContract, workerContract } from '@xerotier/contracts/xim';
import type { GenerationEnd, GenerationHead, GenerationInput } from '@xerotier/contracts/xim';
import type { AppError } from '@xerotier/errors';
import { silentLog } from '@xerotier/log/testing';
import type { Bus } from '@xerotier/nats';
import { testBuses } from '@xerotier/nats/testing';
import { eventually, testServers } from '@xerotier/testing';
import { contentChunk, finishChunk, headEvent, roleChunk } from '../engines/chunk-events.ts';
import type { ChatEngine } from '../engines/engine.ts';
import { aChatRequest } from '../engines/testing/jobs.ts';
import { alwaysHealthy } from '../health/testing/always-healthy.ts';
import { serveGenerations } from './generations.handlers.ts';
import { GenerationsService } from './generations.service.ts';

const servers = testServers('nats');
const connectBus = testBuses(() => servers.nats.url);

/** Repeats its name for this many tokens, one per turn of the event loop, until it is aborted. */
function talker(name: string, tokens: number, overrides: Partial<ChatEngine>): ChatEngine {
  return {
    name: 'scripted',
    slots: 1,
    contextTokens: 100,
    fingerprint: 'fp_1',
    parameters: new Set(),
    close: () => Promise.resolve(),
    async *generate({ choiceIndex }, signal) {
      let completionTokens = 0;
      yield headEvent();
      yield roleChunk(choiceIndex);
      while (completionTokens < tokens && !signal.aborted) {
        yield contentChunk(choiceIndex, name);
        completionTokens += 1;
        await new Promise((resolve) => setImmediate(resolve));
      }
      yield finishChunk(choiceIndex, 'stop');
      return { ...emptyUsage(), completionTokens };
    },
    ...overrides,
  };
}

interface Worker {
  readonly generations: GenerationsService;
  readonly stop: () => Promise<void>;
}

async function newWorker(workerId: string, tokens = 3, overrides: Partial<ChatEngine> = {}): Promise<Worker> {
  const { bus } = await connectBus();
  const generations = new GenerationsService(
    talker(workerId, tokens, overrides),
    alwaysHealthy,
    { workerId, modelId: 'm1' },
    silentLog(),
  );
  const serving = serveGenerations(bus, generations, { model: 'm', worker: workerId });
  await bus.flush();
  return { generations, stop: () => serving.stop() };
}

interface Received {
  readonly head: () => GenerationHead | undefined;
  readonly frames: string[];
  readonly cancel: () => void;
  readonly result: Promise<GenerationEnd | AppError>;
}

/** Sends a request to this worker, or to any worker of the model. */
function send(bus: Bus, worker: string | undefined): Received {
  const frames: string[] = [];
  let head: GenerationHead | undefined;
  const { promise: result, resolve } = Promise.withResolvers<GenerationEnd | AppError>();
  const sink = {
    head: (value: GenerationHead) => (head = value),
    data: (payload: Uint8Array) => frames.push(Buffer.from(payload).toString()),
    end: resolve,
    error: resolve,
  };
  const input: GenerationInput = {
    requestId: 'req_1',
    projectId: 'proj_1',
    priority: 'interactive',
    choiceIndex: 0,
    chat: aChatRequest({ stream: true }),
  };
  const opened =
    worker === undefined
      ? bus.open(modelContract.operations.generate, input, sink, { values: { model: 'm' } })
      : bus.open(workerContract.operations.generate, input, sink, { values: { model: 'm', worker } });
  return { head: () => head, frames, cancel: () => opened.cancel(), result };
}

const TOOL = { type: 'function', function: { name: 'weather' } };

function count(
  bus: Bus,
  fields: Record<string, unknown> = {},
): Promise<{ workerId: string; inputTokens: number } | AppError> {
  return new Promise((resolve) => {
    let workerId = '';
    const input = {
      requestId: 'req_1',
      projectId: 'proj_1',
      priority: 'interactive',
      chat: aChatRequest(fields),
    } as const;
    const sink = {
      head: (head: { workerId: string }) => (workerId = head.workerId),
      data: () => undefined,
      end: ({ inputTokens }: { inputTokens: number }) => resolve({ workerId, inputTokens }),
      error: resolve,
    };
    bus.open(countingContract.operations.count, input, sink, { values: { model: 'm' } });
  });
}

describe('serveGenerations', () => {
  it('responds on the subject of the worker', async () => {
    await newWorker('w1');
    await newWorker('w2');
    const received = send((await connectBus()).bus, 'w2');
    expect(await received.result).toEqual({ usage: { ...emptyUsage(), completionTokens: 3 }, cancelled: false });
    expect(received.head()).toEqual({ workerId: 'w2', systemFingerprint: 'fp_1' });
    expect(received.frames.join('')).not.toContain('w1');
  });

  it('responds on the shared subject of the model, from one worker only', async () => {
    const workers = [await newWorker('w1'), await newWorker('w2')];
    expect(workers).toHaveLength(2);
    const { bus } = await connectBus();
    const served = new Set<string | undefined>();
    await eventually('both have served one', async () => {
      const received = send(bus, undefined);
      await received.result;
      expect(received.frames.filter((frame) => frame.includes('assistant'))).toHaveLength(1);
      served.add(received.head()?.workerId);
      return served.size === 2;
    });
  });

  it('rejects work beyond its slots, counted over both subjects', async () => {
    const { generations } = await newWorker('w1', 1e9);
    const { bus } = await connectBus();
    const first = send(bus, 'w1');
    await eventually('it generates', () => first.frames.length > 1);
    expect(await send(bus, undefined).result).toMatchObject({ code: 'worker.busy' });
    expect(await send(bus, 'w1').result).toMatchObject({ code: 'worker.busy' });
    first.cancel();
    expect(await first.result).toMatchObject({ cancelled: true });
    await eventually('its slot is released', () => generations.active().length === 0);
  });

  it('sends worker.draining to the caller when a drain aborts the work', async () => {
    const { generations } = await newWorker('w1', 1e9);
    const received = send((await connectBus()).bus, 'w1');
    await eventually('it generates', () => received.frames.length > 1);
    await generations.drain(AbortSignal.abort());
    expect(await received.result).toMatchObject({ code: 'worker.draining', details: { usage: expect.anything() } });
  });

  it('counts prompts while all its slots are taken, and nothing once it drains', async () => {
    const { generations } = await newWorker('w1', 1e9, { count: async ({ messages }) => messages.length });
    const { bus } = await connectBus();
    const running = send(bus, 'w1');
    await eventually('it generates', () => running.frames.length > 1);
    expect(await count(bus)).toEqual({ workerId: 'w1', inputTokens: 1 });
    expect(await count(bus, { tools: [TOOL] })).toMatchObject({ code: 'request.unsupported_parameter' });
    await generations.drain(AbortSignal.abort());
    expect(await count(bus)).toMatchObject({ code: 'worker.draining' });
  });

  it('does not count with an engine that cannot', async () => {
    await newWorker('w1');
    expect(await count((await connectBus()).bus)).toMatchObject({ code: 'inference.task_unsupported', status: 400 });
  });

  it('counts a limited number of prompts at the same time', async () => {
    const { promise, resolve } = Promise.withResolvers<number>();
    await newWorker('w1', 3, { count: () => promise });
    const { bus } = await connectBus();
    const counting = Array.from({ length: 65 }, () => count(bus));
    expect(await Promise.race(counting)).toMatchObject({ code: 'worker.busy' });
    resolve(5);
    const counted = await Promise.all(counting);
    expect(counted.filter((result) => 'inputTokens' in result)).toHaveLength(64);
  });

  it('receives no requests after it has stopped serving', async () => {
    const { stop } = await newWorker('w1');
    await stop();
    const { bus } = await connectBus();
    expect(await send(bus, 'w1').result).toMatchObject({ code: 'bus.no_responders' });
    expect(await send(bus, undefined).result).toMatchObject({ code: 'bus.no_responders' });
    expect(await count(bus)).toMatchObject({ code: 'bus.no_responders' });
  });
});
