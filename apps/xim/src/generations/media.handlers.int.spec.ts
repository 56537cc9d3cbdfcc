/** Audio and images over NATS. */
import { emptyUsage } from '@xerotier/contracts/inference';
import { modelContract, workerContract } from '@xerotier/contracts/xim';
import type { GenerationEnd, MediaHead } from '@xerotier/contracts/xim';
import type { AppError } from '@xerotier/errors';
import { silentLog } from '@xerotier/log/testing';
import type { Bus } from '@xerotier/nats';
import { testBuses } from '@xerotier/nats/testing';
import { eventually, testServers } from '@xerotier/testing';
import type { Engine, MediaEngine, MediaJob } from '../engines/engine.ts';
import { ScriptedEngine } from '../engines/scripted/scripted.engine.ts';
import { alwaysHealthy } from '../health/testing/always-healthy.ts';
import { serveGenerations } from './generations.handlers.ts';
import { GenerationsService } from './generations.service.ts';

const servers = testServers('nats');
const connectBus = testBuses(() => servers.nats.url);
const ADDRESS = { model: 'm', worker: 'w1' };
const USAGE = { ...emptyUsage(), promptTokens: 3, completionTokens: 4 };

interface Worker {
  readonly generations: GenerationsService;
  readonly jobs: MediaJob[];
}

/** Its engine returns the size of each file, followed by as many `pieces`. */
async function newWorker({ pieces = 0 } = {}): Promise<Worker> {
  const jobs: MediaJob[] = [];
  const media: MediaEngine['media'] = async function* (job, signal) {
    jobs.push(job);
    yield { type: 'head', contentType: 'audio/wav' };
    for (const { data } of job.files) yield { type: 'data', bytes: Buffer.from(`${data.length} `) };
    for (let i = 0; i < pieces && !signal.aborted; i += 1) {
      yield { type: 'data', bytes: Buffer.alloc(65_536, i) };
      await new Promise((resolve) => setImmediate(resolve));
    }
    return USAGE;
  };
  return { ...(await serve({ mediaTask: 'transcribe', media })), jobs };
}

async function serve(changes: Partial<MediaEngine>): Promise<{ generations: GenerationsService }> {
  const engine: Engine = new ScriptedEngine({ slots: 1, contextTokens: 100 });
  const { bus } = await connectBus();
  const generations = new GenerationsService(
    Object.assign(engine, changes),
    alwaysHealthy,
    { workerId: 'w1', modelId: 'm1' },
    silentLog(),
  );
  serveGenerations(bus, generations, ADDRESS);
  await bus.flush();
  return { generations };
}

interface Received {
  readonly head: () => MediaHead | undefined;
  readonly frames: Buffer[];
  readonly stream: ReturnType<Bus['open']>;
  readonly result: Promise<GenerationEnd | AppError>;
}

const aFile = (data: Buffer): object => ({
  field: 'file',
  name: 'a.wav',
  contentType: 'audio/wav',
  data: data.toString('base64'),
});

function send(bus: Bus, changes: object = {}, shared = false): Received {
  const frames: Buffer[] = [];
  let head: MediaHead | undefined;
  const { promise: result, resolve } = Promise.withResolvers<GenerationEnd | AppError>();
  const sink = {
    head: (value: MediaHead) => (head = value),
    data: (payload: Uint8Array) => frames.push(Buffer.from(payload)),
    end: resolve,
    error: resolve,
  };
  const input = {
    requestId: 'req_1',
    projectId: 'proj_1',
    priority: 'interactive',
    route: 'audio/transcriptions',
    fields: {},
    files: [],
    ...changes,
  } as never;
  const stream = shared
    ? bus.open(modelContract.operations.media, input, sink, { values: { model: ADDRESS.model } })
    : bus.open(workerContract.operations.media, input, sink, { values: ADDRESS });
  return { head: () => head, frames, stream, result };
}

describe('media', () => {
  it.each([false, true])('receives fields and files, and responds with bytes (shared subject: %p)', async (shared) => {
    const { jobs } = await newWorker();
    const { bus } = await connectBus();
    const fields = { response_format: 'json', temperature: 0.5, include: ['logprobs'] };
    const received = send(bus, { fields, files: [aFile(Buffer.from([0, 255, 128]))] }, shared);
    expect(await received.result).toEqual({ usage: USAGE, cancelled: false });
    expect(received.head()).toEqual({ workerId: 'w1', contentType: 'audio/wav' });
    expect(received.frames.join('')).toBe('3 ');
    const data = Buffer.from([0, 255, 128]);
    expect(jobs).toEqual([
      {
        route: 'audio/transcriptions',
        fields,
        files: [{ field: 'file', name: 'a.wav', contentType: 'audio/wav', data }],
      },
    ]);
  });

  it('accepts the largest files that a request may have', async () => {
    await newWorker();
    const { bus } = await connectBus();
    const received = send(bus, { files: [aFile(Buffer.alloc(25 * 2 ** 20, 1))] });
    expect(await received.result).toMatchObject({ cancelled: false });
    expect(received.frames.join('')).toBe(`${25 * 2 ** 20} `);
  });

  it('pauses for a slow reader without losing data', async () => {
    await newWorker({ pieces: 200 });
    const { bus } = await connectBus();
    const received = send(bus);
    await eventually('it has begun', () => received.frames.length > 0);
    received.stream.pause();
    let before = -1;
    await eventually('it is paused', async () => {
      before = received.frames.length;
      await new Promise((resolve) => setTimeout(resolve, 100));
      return received.frames.length === before;
    });
    expect(before).toBeLessThan(200);
    received.stream.resume();
    expect(await received.result).toMatchObject({ cancelled: false });
    expect(received.frames.map((frame) => frame[0])).toEqual(Array.from({ length: 200 }, (_, i) => i));
  });

  it('never exceeds its slots, and releases one when a caller cancels', async () => {
    const { generations } = await newWorker({ pieces: 1e9 });
    const { bus } = await connectBus();
    const first = send(bus);
    await eventually('it is running', () => first.frames.length > 0);
    expect(generations.active()).toEqual(['req_1']);
    expect(await send(bus).result).toMatchObject({ code: 'worker.busy' });
    first.stream.cancel();
    expect(await first.result).toEqual({ usage: USAGE, cancelled: true });
    await eventually('its slot is released', () => generations.active().length === 0);
  });

  it('rejects an invalid request', async () => {
    const { jobs } = await newWorker();
    const { bus } = await connectBus();
    for (const wrong of [{ route: 'audio/other' }, { files: Array(18).fill(aFile(Buffer.alloc(1))) }, { fields: null }])
      expect(await send(bus, wrong).result).toMatchObject({ code: 'bus.unreadable' });
    expect(jobs).toEqual([]);
  });
});

describe('a worker without a media engine', () => {
  it('rejects media requests', async () => {
    const { generations } = await serve({});
    const { bus } = await connectBus();
    expect(await send(bus).result).toMatchObject({
      code: 'inference.task_unsupported',
      message: 'The workers of this model cannot transcribe audio.',
    });
    expect(generations.active()).toEqual([]);
  });
});
