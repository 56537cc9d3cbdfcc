import { usageRecord, usageRecorded } from '@xerotier/contracts';
import type { ChatCompletionRequest, UsageRecord } from '@xerotier/contracts';
import { AppError } from '@xerotier/errors';
import { capturedLog, silentLog } from '@xerotier/log/testing';
import { DurablePublisher, ensureStream } from '@xerotier/nats';
import type { BusOptions } from '@xerotier/nats';
import { testBuses } from '@xerotier/nats/testing';
import type { TestBus } from '@xerotier/nats/testing';
import { eventually, testServers } from '@xerotier/testing';
import fc from 'fast-check';
import { setImmediate as turn } from 'node:timers/promises';
import { z } from 'zod';
import { CollectedAnswer } from '../test/collected-answer.ts';
import { FakeRouter, FakeWorker, fails, isStuck, MODEL, says, talksOn, usageOf } from '../test/fake-fleet.ts';
import type { Script } from '../test/fake-fleet.ts';
import { InferenceClient } from './inference-client.ts';
import type { InferenceLimits, InferenceRequest, RunningInference } from './inference-client.ts';

const servers = testServers('nats');
// Before the buses of a test are closed.
afterEach(() => checkPromises());
const connectBus = testBuses(() => servers.nats.url);

interface Setup {
  /** Scripts of the workers by id, the router's favourite first. */
  readonly workers?: Record<string, Script>;
  readonly router?: 'there' | 'absent';
  /** The workers listen on the model's shared subject too. */
  readonly shared?: boolean;
  readonly limits?: Partial<InferenceLimits>;
  readonly client?: Partial<BusOptions>;
  /** Usage events that may wait for their confirmation. */
  readonly usageMax?: number;
}

interface Fleet {
  readonly client: InferenceClient;
  readonly router: FakeRouter;
  readonly workers: Record<string, FakeWorker>;
  readonly workerBuses: Record<string, TestBus>;
  readonly lines: () => Record<string, unknown>[];
  run(
    chat?: Partial<ChatCompletionRequest>,
    more?: Partial<InferenceRequest>,
  ): { run: RunningInference; answer: CollectedAnswer; requestId: string };
}

/** Everything that is told about a test's requests afterwards. */
const usages: UsageRecord[] = [];
const runs: { answer: CollectedAnswer; requestId: string }[] = [];
let fleet: Fleet;
let requests = 0;

async function newFleet(setup: Setup = {}): Promise<Fleet> {
  const routerBus = await connectBus();
  const router = new FakeRouter(routerBus.bus, Object.keys(setup.workers ?? {}));
  if (setup.router !== 'absent') await router.serve();
  const workers: Record<string, FakeWorker> = {};
  const workerBuses: Record<string, TestBus> = {};
  for (const [workerId, script] of Object.entries(setup.workers ?? {})) {
    const connected = await connectBus();
    const worker = new FakeWorker(connected.bus, workerId, script);
    await worker.serve({ shared: setup.shared ?? false });
    workers[workerId] = worker;
    workerBuses[workerId] = connected;
  }
  await ensureStream(routerBus.connection, usageRecorded);
  routerBus.connection.nats.subscribe(usageRecorded.subject, {
    callback: (_error, message) => void usages.push(...z.array(usageRecord).parse(message.json())),
  });
  await routerBus.bus.flush();
  const { bus, connection } = await connectBus(setup.client);
  const { log, lines } = capturedLog();
  const usage = new DurablePublisher(connection, usageRecorded, silentLog(), setup.usageMax);
  const client = new InferenceClient({ bus, usage, log, ...(setup.limits && { limits: setup.limits }) });
  fleet = {
    client,
    router,
    workers,
    workerBuses,
    lines,
    run: (chat = {}, more = {}) => {
      const answer = new CollectedAnswer();
      const request = { ...aRequest(chat), ...more };
      runs.push({ answer, requestId: request.requestId });
      return { run: client.run(request, answer), answer, requestId: request.requestId };
    },
  };
  return fleet;
}

function aRequest(chat: Partial<ChatCompletionRequest>): InferenceRequest {
  requests += 1;
  return {
    requestId: `req_${requests}`,
    projectId: 'proj_1',
    endpointId: '0b7c9a52-51f1-4f4e-9d31-3b6c1d2f4a10',
    keyId: 'key_1',
    tier: 'free',
    modelId: MODEL,
    priority: 'interactive',
    chat: { model: 'tiny', messages: [{ role: 'user', content: 'hello' }], stream: true, ...chat },
  };
}

/** The usage record of a request; there is one in the end, whatever became of it. */
function recordOf(requestId: string): Promise<UsageRecord> {
  return eventually('the usage is recorded', () => usages.find((record) => record.requestId === requestId));
}

/** What holds whatever a test does. */
async function checkPromises(): Promise<void> {
  const { router, client } = fleet;
  try {
    for (const { answer, requestId } of runs) {
      expect(answer.order.join(' ')).toMatch(/^(start (choices )?)?(end|error)$/);
      await recordOf(requestId);
      expect(usages.filter((record) => record.requestId === requestId)).toHaveLength(1);
    }
    await eventually('every slot is given back', () => router.released.length >= router.granted.length);
    const byId = (a: { leaseId: string }, b: { leaseId: string }): number => a.leaseId.localeCompare(b.leaseId);
    expect(router.released.map(({ leaseId, workerId }) => ({ leaseId, workerId })).toSorted(byId)).toEqual(
      router.granted.toSorted(byId),
    );
    await client.drain(AbortSignal.abort());
  } finally {
    runs.length = 0;
    usages.length = 0;
  }
}

/** Whether a choice goes on after another one has said something. */
function interleaved(arrivals: readonly number[]): boolean {
  const runsOfOne = arrivals.filter((choice, i) => choice !== arrivals[i - 1]);
  return runsOfOne.length > new Set(arrivals).size;
}

describe('a request', () => {
  it('is answered by the worker that the router names', async () => {
    const { run, workers, router } = await newFleet({ workers: { a: says('x'), b: says('y') } });
    const { answer, requestId } = run();
    await answer.over;
    expect(answer.order).toEqual(['start', 'choices', 'end']);
    expect(answer.heads).toEqual([{ workerId: 'a' }]);
    expect(answer.texts).toEqual({ 0: ['x'] });
    expect(answer.usage).toEqual(usageOf(1));
    expect(workers['a']?.received).toEqual([
      expect.objectContaining({
        requestId,
        leaseId: 'lease_0',
        projectId: 'proj_1',
        choiceIndex: 0,
        priority: 'interactive',
      }),
    ]);
    expect(workers['b']?.received).toEqual([]);
    expect(router.asked).toEqual([
      expect.objectContaining({
        requestId,
        modelId: MODEL,
        tier: 'free',
        projectId: 'proj_1',
        excludedWorkers: [],
        promptTokensEstimate: 2,
      }),
    ]);
    expect(JSON.stringify(router.asked)).not.toContain('hello');
    await eventually('the slot is free', () => router.released.length === 1);
    expect(router.released[0]?.outcome).toBe('done');
  });

  it('for several choices gets each of them whole and in order, however they come in between each other', async () => {
    const piece = fc.record({ text: fc.string({ unit: 'binary', minLength: 1 }), pause: fc.nat({ max: 3 }) });
    const choices = fc.array(fc.array(piece, { maxLength: 12 }), { minLength: 1, maxLength: 10 });
    const { run, workers } = await newFleet({ workers: { a: says() } });
    const between: boolean[] = [];
    await fc.assert(
      fc.asyncProperty(choices, async (plan) => {
        const ended: number[] = [];
        (workers['a'] as FakeWorker).script = async ({ choiceIndex }, stream, workerId) => {
          stream.head({ workerId });
          const pieces = plan[choiceIndex] ?? [];
          for (const { text, pause } of pieces) {
            stream.data(Buffer.from(JSON.stringify([choiceIndex, text])));
            for (let i = 0; i < pause; i += 1) await turn();
          }
          ended.push(choiceIndex);
          return { usage: usageOf(pieces.length), cancelled: false };
        };
        const { answer } = run({ n: plan.length });
        await answer.over;
        const texts = plan.map((_, i) => (answer.texts[i] ?? []).map((text) => JSON.parse(text) as unknown));
        expect(texts).toEqual(plan.map((pieces, i) => pieces.map(({ text }) => [i, JSON.parse(JSON.stringify(text))])));
        expect(ended.toSorted((a, b) => a - b)).toEqual(plan.map((_, i) => i));
        expect(answer.usage?.completionTokens).toBe(plan.flat().length);
        between.push(interleaved(answer.arrivals));
      }),
      { numRuns: 40 },
    );
    // Otherwise this would be a test of nothing.
    expect(between).toContain(true);
  });

  it('without any data is an answer still', async () => {
    const { run } = await newFleet({ workers: { a: says() } });
    const { answer, requestId } = run();
    await answer.over;
    expect(answer.order).toEqual(['start', 'end']);
    expect(await recordOf(requestId)).toMatchObject({ outcome: 'completed', usage: usageOf(0) });
  });

  it('is recorded with what it cost', async () => {
    const { run } = await newFleet({ workers: { a: says('x', 'y') } });
    const { answer, requestId } = run();
    await answer.over;
    expect(await recordOf(requestId)).toEqual({
      requestId,
      kind: 'chat.completion',
      projectId: 'proj_1',
      endpointId: '0b7c9a52-51f1-4f4e-9d31-3b6c1d2f4a10',
      keyId: 'key_1',
      modelId: MODEL,
      tier: 'free',
      priority: 'interactive',
      usage: usageOf(2),
      outcome: 'completed',
      streamed: true,
      startedAt: expect.any(Number),
      durationMs: expect.any(Number),
      timeToFirstTokenMs: expect.any(Number),
      timePerOutputTokenMs: expect.any(Number),
    });
  });

  it('waits in the queue of the router until a slot is free', async () => {
    const { run, router } = await newFleet({ workers: { a: says('x') } });
    router.workers = [];
    const { answer } = run();
    await eventually('it is queued', () => router.questions >= 2);
    expect(answer.order).toEqual([]);
    router.freeSlots(['a']);
    await answer.over;
    expect(answer.texts).toEqual({ 0: ['x'] });
    expect(new Set(router.asked.map(({ ticketId }) => ticketId)).size).toBe(1);
  });

  it('that waits too long in the queue is refused', async () => {
    const { run, router } = await newFleet({ workers: { a: says('x') }, limits: { queueTimeoutMs: 300 } });
    router.workers = [];
    const { answer, requestId } = run();
    await answer.over;
    expect(answer.failure).toMatchObject({ code: 'router.queue_timeout', status: 503 });
    expect(await recordOf(requestId)).toMatchObject({
      outcome: 'failed',
      usage: { completionTokens: 0 },
      timeToFirstTokenMs: null,
    });
  });

  it('that the router refuses is told why, and goes nowhere else', async () => {
    const { run, router, workers } = await newFleet({ workers: { a: says('x') }, shared: true });
    router.refusal = new AppError('router.queue_full', { model: MODEL }, { retryAfterSeconds: 5 });
    const { answer } = run();
    await answer.over;
    expect(answer.failure).toMatchObject({
      code: 'router.queue_full',
      details: { model: MODEL },
      retryAfterSeconds: 5,
    });
    expect(workers['a']?.received).toEqual([]);
  });

  it('is ended when its time is over, and counts what was generated', async () => {
    const { run } = await newFleet({ workers: { a: talksOn }, limits: { requestTimeoutMs: 300 } });
    const { answer, requestId } = run();
    await answer.over;
    expect(answer.failure).toMatchObject({ code: 'inference.deadline_exceeded', status: 504 });
    const { outcome, usage } = await recordOf(requestId);
    expect(outcome).toBe('failed');
    expect(usage.completionTokens).toBeGreaterThanOrEqual(answer.frames);
  });

  it('is ended when its time is over, also by a worker that does not listen', async () => {
    const { run } = await newFleet({ workers: { a: isStuck }, limits: { requestTimeoutMs: 300 } });
    const { answer } = run();
    await answer.over;
    expect(answer.failure).toMatchObject({ code: 'inference.deadline_exceeded' });
  });

  it('holds its worker while it is paused, and goes on without loss', async () => {
    const texts = Array.from({ length: 2_000 }, (_, i) => `${i}`);
    const patient: Script = async (_input, stream, workerId) => {
      stream.head({ workerId });
      for (const text of texts) {
        stream.data(Buffer.from(text));
        await (stream.paused() ?? new Promise((resolve) => setImmediate(resolve)));
      }
      return { usage: usageOf(texts.length), cancelled: false };
    };
    const { run } = await newFleet({ workers: { a: patient } });
    const { run: running, answer } = run();
    running.pause();
    const still = await eventually('it stands still', async () => {
      const before = answer.frames;
      await new Promise((resolve) => setTimeout(resolve, 100));
      return before > 0 && before === answer.frames ? before : undefined;
    });
    expect(still).toBeLessThan(texts.length);
    running.resume();
    await answer.over;
    expect(answer.texts[0]).toEqual(texts);
  });
});

describe('a worker that fails before its first data', () => {
  const failures: [string, AppError, string][] = [
    ['is busy', new AppError('worker.busy'), 'lost'],
    ['is draining', new AppError('worker.draining'), 'lost'],
    ['has a broken engine', new AppError('inference.engine_failed'), 'failed'],
  ];

  it.each(failures)(
    'because it %s is replaced by another, and the client sees one answer',
    async (_, error, outcome) => {
      const { run, router, workers } = await newFleet({ workers: { a: fails(error), b: says('x') } });
      const { answer } = run();
      await answer.over;
      expect(answer.order).toEqual(['start', 'choices', 'end']);
      expect(answer.heads).toEqual([{ workerId: 'b' }]);
      expect(router.asked.map(({ excludedWorkers }) => excludedWorkers)).toEqual([[], ['a']]);
      expect(new Set(router.asked.map(({ ticketId }) => ticketId)).size).toBe(2);
      expect(workers['a']?.received).toHaveLength(1);
      await eventually('both slots are free', () => router.released.length === 2);
      expect(router.released.map((lease) => lease.outcome)).toEqual([outcome, 'done']);
    },
  );

  it('because it is not there is replaced by another', async () => {
    const { run, router } = await newFleet({ workers: { b: says('x') } });
    router.workers = ['gone', 'b'];
    const { answer } = run();
    await answer.over;
    expect(answer.heads).toEqual([{ workerId: 'b' }]);
    expect(router.released[0]).toMatchObject({ workerId: 'gone', outcome: 'lost' });
  });

  it('because it was killed is replaced by another', async () => {
    const liveness = { intervalMs: 50, silenceMs: 300 };
    const { run, workers, workerBuses } = await newFleet({
      workers: { a: isStuck, b: says('x') },
      client: { liveness },
    });
    const { answer } = run();
    await eventually('it has the request', () => workers['a']?.running === 1);
    await workerBuses['a']?.connection.nats.close();
    await answer.over;
    expect(answer.heads).toEqual([{ workerId: 'b' }]);
    expect(answer.order).toEqual(['start', 'choices', 'end']);
  });

  it('is not replaced when the request is at fault', async () => {
    const error = new AppError('request.unsupported_parameter', { param: 'tools', reason: 'no.' }, { param: 'tools' });
    const { run, workers } = await newFleet({ workers: { a: fails(error), b: says('x') } });
    const { answer } = run();
    await answer.over;
    expect(answer.failure).toMatchObject({ code: 'request.unsupported_parameter', param: 'tools' });
    expect(workers['b']?.received).toEqual([]);
  });

  it('is replaced twice and no more', async () => {
    const broken = fails(new AppError('inference.engine_failed'));
    const { run, router } = await newFleet({ workers: { a: broken, b: broken, c: broken, d: says('x') } });
    const { answer, requestId } = run();
    await answer.over;
    expect(answer.failure?.code).toBe('inference.engine_failed');
    expect(router.granted.map(({ workerId }) => workerId)).toEqual(['a', 'b', 'c']);
    expect(await recordOf(requestId)).toMatchObject({ outcome: 'failed', timeToFirstTokenMs: null });
  });

  it('is not replaced for ever when everything fails: the retries of all requests are bounded', async () => {
    const broken = fails(new AppError('inference.engine_failed'));
    const { run, router } = await newFleet({ workers: { a: broken, b: broken, c: broken } });
    const answers = Array.from({ length: 30 }, () => run().answer);
    await Promise.all(answers.map(({ over }) => over));
    expect(answers.every(({ failure }) => failure?.code === 'inference.engine_failed')).toBe(true);
    // 30 first attempts, and the reserve of 20 retries.
    expect(router.granted).toHaveLength(50);
  });

  it('is not replaced when the time to wait for a slot is over', async () => {
    const slow: Script = async () => {
      await new Promise((resolve) => setTimeout(resolve, 400));
      throw new AppError('inference.engine_failed');
    };
    const { run, router } = await newFleet({ workers: { a: slow, b: says('x') }, limits: { queueTimeoutMs: 200 } });
    const { answer } = run();
    await answer.over;
    expect(answer.failure?.code).toBe('inference.engine_failed');
    expect(router.granted).toHaveLength(1);
  });
});

describe('a worker that fails after its first data', () => {
  it('ends the answer with an interruption, and no other worker is asked', async () => {
    const { run, router } = await newFleet({ workers: { a: fails(new AppError('worker.draining'), 3), b: says('x') } });
    const { answer, requestId } = run();
    await answer.over;
    expect(answer.order).toEqual(['start', 'choices', 'error']);
    expect(answer.frames).toBe(3);
    expect(answer.failure).toMatchObject({ code: 'inference.interrupted', status: 503 });
    expect(router.granted).toHaveLength(1);
    // The first frame has the role and no token.
    expect(await recordOf(requestId)).toMatchObject({ outcome: 'failed', usage: { completionTokens: 2 } });
  });

  it('because it was killed does the same', async () => {
    const liveness = { intervalMs: 50, silenceMs: 300 };
    const { run, workerBuses, router } = await newFleet({ workers: { a: talksOn }, client: { liveness } });
    const { answer } = run();
    await eventually('it talks', () => answer.frames > 3);
    await workerBuses['a']?.connection.nats.close();
    await answer.over;
    expect(answer.failure?.code).toBe('inference.interrupted');
    await eventually('the slot is free', () => router.released.length === 1);
    expect(router.released[0]?.outcome).toBe('lost');
  });

  it('is told as what it is when the engine failed, and what it counted is recorded', async () => {
    const error = new AppError('inference.engine_failed', { usage: usageOf(11) });
    const { run } = await newFleet({ workers: { a: fails(error, 2) } });
    const { answer, requestId } = run();
    await answer.over;
    expect(answer.failure?.code).toBe('inference.engine_failed');
    expect(await recordOf(requestId)).toMatchObject({ outcome: 'failed', usage: usageOf(11) });
  });
});

describe('without a router', () => {
  it('any worker of the model takes the request', async () => {
    const { run, workers } = await newFleet({ workers: { a: says('x') }, router: 'absent', shared: true });
    const { answer } = run();
    await answer.over;
    expect(answer.texts).toEqual({ 0: ['x'] });
    expect(workers['a']?.received[0]).not.toHaveProperty('leaseId');
  });

  it('a busy worker is asked again until it is free, however often', async () => {
    let refusals = 0;
    const busyAtFirst: Script = (...all) => {
      refusals += 1;
      if (refusals <= 6) throw new AppError(refusals % 2 === 0 ? 'worker.busy' : 'worker.draining');
      return says('x')(...all);
    };
    const { run } = await newFleet({ workers: { a: busyAtFirst }, router: 'absent', shared: true });
    const { answer } = run();
    await answer.over;
    expect(answer.order).toEqual(['start', 'choices', 'end']);
  });

  it('a worker that stays busy is given up when the time to wait is over', async () => {
    const busy: Script = () => Promise.reject(new AppError('worker.busy'));
    const { run } = await newFleet({
      workers: { a: busy },
      router: 'absent',
      shared: true,
      limits: { queueTimeoutMs: 400 },
    });
    const { answer } = run();
    await answer.over;
    expect(answer.failure).toMatchObject({ code: 'worker.busy', status: 503 });
  });

  it('and without a worker the request fails', async () => {
    const { run } = await newFleet({ router: 'absent' });
    const { answer } = run();
    await answer.over;
    expect(answer.failure).toMatchObject({ code: 'bus.no_responders', status: 503 });
  });

  it('that answers in time, requests go past it for a while, and then it is asked again', async () => {
    const { run, router, workers } = await newFleet({ workers: { a: says('x') }, shared: true });
    router.silent = true;
    await run().answer.over;
    expect(router.questions).toBe(1);
    await run().answer.over;
    expect(router.questions).toBe(1);
    router.silent = false;
    await eventually('it is asked again', async () => {
      await run().answer.over;
      return router.granted.length > 0;
    });
    expect(workers['a']?.received.filter(({ leaseId }) => leaseId !== undefined)).toHaveLength(1);
  });

  it('that came back after a request was queued at another, nothing is lost', async () => {
    const { run, router } = await newFleet({ workers: { a: says('x') }, shared: true });
    router.workers = [];
    const { answer } = run();
    await eventually('it is queued', () => router.questions >= 2);
    router.silent = true;
    await answer.over;
    expect(answer.texts).toEqual({ 0: ['x'] });
  });
});

describe('a request that is cancelled', () => {
  it('while it is queued gives the slot that it gets back unused', async () => {
    const { run, router, workers } = await newFleet({ workers: { a: says('x') } });
    router.workers = [];
    const { run: running, answer, requestId } = run();
    await eventually('it is queued', () => router.questions >= 2);
    running.cancel();
    router.freeSlots(['a']);
    await answer.over;
    expect(answer.order).toEqual(['error']);
    expect(answer.failure).toMatchObject({ code: 'inference.cancelled' });
    await eventually('the slot is free', () => router.released.length === 1);
    expect(router.released[0]?.outcome).toBe('unused');
    expect(workers['a']?.received).toEqual([]);
    expect(await recordOf(requestId)).toMatchObject({
      outcome: 'cancelled',
      usage: { promptTokens: 0, completionTokens: 0 },
    });
  });

  it('at once never reaches a worker', async () => {
    const { run, workers } = await newFleet({ workers: { a: says('x') } });
    const { run: running, answer } = run();
    running.cancel();
    await answer.over;
    expect(answer.failure?.code).toBe('inference.cancelled');
    expect(workers['a']?.received).toEqual([]);
  });

  it('while it streams stops the worker, and counts the tokens that were generated', async () => {
    const { run, router, workers } = await newFleet({ workers: { a: talksOn } });
    const { run: running, answer, requestId } = run();
    await eventually('it talks', () => answer.frames > 3);
    running.cancel();
    await answer.over;
    expect(answer.failure?.code).toBe('inference.cancelled');
    expect(workers['a']?.running).toBe(0);
    const { outcome, usage } = await recordOf(requestId);
    expect(outcome).toBe('cancelled');
    expect(usage.completionTokens).toBeGreaterThanOrEqual(answer.frames);
    expect(usage.promptTokens).toBe(7);
    expect(router.released).toEqual([expect.objectContaining({ outcome: 'cancelled' })]);
  });

  it('while its worker fails counts what the worker says it generated', async () => {
    const failsWhenStopped: Script = async (input, stream, workerId) => {
      await talksOn(input, stream, workerId);
      throw new AppError('worker.draining', { usage: usageOf(99) });
    };
    const { run } = await newFleet({ workers: { a: failsWhenStopped } });
    const { run: running, answer, requestId } = run();
    await eventually('it talks', () => answer.frames > 0);
    running.cancel();
    await answer.over;
    expect(answer.failure?.code).toBe('inference.cancelled');
    expect(await recordOf(requestId)).toMatchObject({ outcome: 'cancelled', usage: usageOf(99) });
  });

  it('is over in the end, also with a worker that does not listen', async () => {
    const { run, workers, router } = await newFleet({ workers: { a: isStuck } });
    const { run: running, answer } = run();
    await eventually('it has the request', () => workers['a']?.running === 1);
    running.cancel();
    await answer.over;
    expect(answer.failure?.code).toBe('inference.cancelled');
    await eventually('the slot is free', () => router.released.length === 1);
    expect(router.released[0]?.outcome).toBe('lost');
  });

  it('again, or when it is over, does nothing', async () => {
    const { run } = await newFleet({ workers: { a: says('x') } });
    const { run: running, answer } = run();
    await answer.over;
    running.cancel();
    running.cancel();
    expect(answer.order).toEqual(['start', 'choices', 'end']);
  });
});

describe('a request for several choices', () => {
  const byChoice: Script = (input, ...rest) => says(`${input.choiceIndex}`, `${input.choiceIndex}!`)(input, ...rest);

  it('runs a few at once, answers each, and counts the prompt once', async () => {
    const { run, workers } = await newFleet({ workers: { a: byChoice }, limits: { fanOutMax: 2 } });
    const { answer, requestId } = run({ n: 5 });
    await answer.over;
    expect(answer.texts).toEqual({ 0: ['0', '0!'], 1: ['1', '1!'], 2: ['2', '2!'], 3: ['3', '3!'], 4: ['4', '4!'] });
    expect(workers['a']?.runningMost).toBe(2);
    expect(answer.usage).toEqual(usageOf(10));
    expect(await recordOf(requestId)).toMatchObject({ outcome: 'completed', usage: usageOf(10) });
  });

  it('gives the later choices as long to wait for a slot as the first', async () => {
    const slow: Script = async (...all) => {
      await new Promise((resolve) => setTimeout(resolve, 300));
      return byChoice(...all);
    };
    const { run, router } = await newFleet({ workers: { a: slow }, limits: { fanOutMax: 1, queueTimeoutMs: 250 } });
    const { answer } = run({ n: 2 });
    await eventually('the first runs', () => router.granted.length === 1);
    router.workers = [];
    await eventually('the second is queued', () => router.questions >= 3);
    router.freeSlots(['a']);
    await answer.over;
    expect(answer.order.at(-1)).toBe('end');
    expect(Object.keys(answer.texts)).toHaveLength(2);
  });

  it('ends as a whole when one choice fails, and counts what all of them generated', async () => {
    const oneFails: Script = (input, ...rest) =>
      input.choiceIndex === 1
        ? fails(new AppError('inference.engine_failed', { usage: usageOf(3) }), 3)(input, ...rest)
        : talksOn(input, ...rest);
    const { run, workers } = await newFleet({ workers: { a: oneFails } });
    const { answer, requestId } = run({ n: 3 });
    await answer.over;
    expect(answer.failure?.code).toBe('inference.engine_failed');
    expect(workers['a']?.running).toBe(0);
    const { usage, outcome } = await recordOf(requestId);
    expect(outcome).toBe('failed');
    expect(usage.promptTokens).toBe(7);
    expect(usage.completionTokens).toBeGreaterThanOrEqual(answer.frames);
  });

  it('counts what arrived of a choice that never said what it used', async () => {
    const oneIsLost: Script = async (input, ...rest) => {
      if (input.choiceIndex === 1) return says('x')(input, ...rest);
      await new Promise((resolve) => setTimeout(resolve, 200));
      return fails(new AppError('worker.draining'), 5)(input, ...rest);
    };
    const { run } = await newFleet({ workers: { a: oneIsLost } });
    const { answer, requestId } = run({ n: 2 });
    await answer.over;
    expect(answer.failure?.code).toBe('inference.interrupted');
    expect((await recordOf(requestId)).usage).toMatchObject({ promptTokens: 7, completionTokens: 5 });
  });

  it('begins no further choice once it has failed', async () => {
    const firstFails: Script = fails(new AppError('request.invalid', { reason: 'no.' }));
    const { run, workers } = await newFleet({ workers: { a: firstFails }, limits: { fanOutMax: 1 } });
    const { answer } = run({ n: 5 });
    await answer.over;
    expect(workers['a']?.received).toHaveLength(1);
  });

  it('is cancelled as a whole', async () => {
    const { run, workers } = await newFleet({ workers: { a: talksOn }, limits: { fanOutMax: 2 } });
    const { run: running, answer } = run({ n: 4 });
    await eventually('it talks', () => answer.frames > 3);
    running.cancel();
    await answer.over;
    expect(workers['a']?.received).toHaveLength(2);
    expect(workers['a']?.running).toBe(0);
  });
});

describe('a bus that is away', () => {
  it('is waited for shortly; then the request is refused, and still recorded once the bus is back', async () => {
    const { run, workers } = await newFleet({ workers: { a: says('x') } });
    await servers.nats.kill('SIGKILL');
    const { answer, requestId } = run();
    await answer.over;
    await servers.nats.restart();
    expect(answer.failure?.code).toBe('bus.disconnected');
    expect(workers['a']?.received).toEqual([]);
    await expect(recordOf(requestId)).resolves.toMatchObject({ outcome: 'failed' });
  });
});

describe('draining', () => {
  it('waits for what runs', async () => {
    const { run, client } = await newFleet({ workers: { a: says('x', 'y', 'z') } });
    const { answer } = run();
    await client.drain(new AbortController().signal);
    await answer.over;
    expect(answer.order.at(-1)).toBe('end');
  });

  it('resolves at once when nothing runs', async () => {
    const { client } = await newFleet();
    await client.drain(new AbortController().signal);
  });

  it('ends what still runs when its signal says so, and counts it', async () => {
    const { run, client } = await newFleet({ workers: { a: talksOn } });
    const running = [run(), run()];
    await eventually('they talk', () => running.every(({ answer }) => answer.frames > 0));
    const cut = new AbortController();
    const drained = client.drain(cut.signal);
    cut.abort();
    await drained;
    for (const { answer, requestId } of running) {
      await answer.over;
      expect(answer.failure).toMatchObject({ code: 'service.draining', status: 503 });
      expect((await recordOf(requestId)).usage.completionTokens).toBeGreaterThanOrEqual(answer.frames);
    }
  });

  it('ends what still runs when its signal said so before', async () => {
    const { run, client } = await newFleet({ workers: { a: talksOn } });
    const { answer } = run();
    await eventually('it talks', () => answer.frames > 0);
    await client.drain(AbortSignal.abort());
    expect(answer.failure?.code).toBe('service.draining');
  });

  it('ends at once what begins after that', async () => {
    const { run, client } = await newFleet({ workers: { a: talksOn } });
    await client.drain(AbortSignal.abort());
    const { answer } = run();
    await answer.over;
    expect(answer.failure?.code).toBe('service.draining');
  });
});

describe('usage that cannot be queued', () => {
  it('is written to the log, so that nothing is lost in silence', async () => {
    const { run, lines } = await newFleet({ workers: { a: says('x') }, usageMax: 0 });
    const { answer, requestId } = run();
    await answer.over;
    const [line] = lines().filter(({ level }) => level === 'error');
    expect(line).toMatchObject({ record: { requestId, usage: usageOf(1) } });
    usages.push(usageRecord.parse(line?.['record']));
  });
});

describe('InferenceClient and what a client would like', () => {
  it('tells the router the targets, and the ledger what became of them', async () => {
    const { run, router } = await newFleet({ workers: { w1: says('a', 'b', 'c') } });
    const latencyTargets = { timeToFirstTokenMs: 500, timePerOutputTokenMs: 50 };
    const { answer, requestId } = run({}, { latencyTargets });
    await answer.over;
    expect(router.asked[0]?.latencyTargets).toEqual(latencyTargets);
    const record = await recordOf(requestId);
    expect(record.latencyTargets).toEqual(latencyTargets);
    const { durationMs, timeToFirstTokenMs, timePerOutputTokenMs } = record;
    expect(timePerOutputTokenMs).toBeCloseTo((durationMs - Number(timeToFirstTokenMs)) / 2);
  });

  it('tells the router what was asked for within the tier, and the ledger that and for whom', async () => {
    const { run, router } = await newFleet({ workers: { w1: says('a') } });
    const { answer, requestId } = run({}, { requestedServiceTier: 'flex', endUser: 'user-1' });
    await answer.over;
    expect(router.asked[0]).toMatchObject({ requestedServiceTier: 'flex' });
    expect(router.asked[0]).not.toHaveProperty('endUser');
    expect(await recordOf(requestId)).toMatchObject({ requestedServiceTier: 'flex', endUser: 'user-1' });
  });

  it('says nothing of targets that nobody has, nor of the pace of a single token', async () => {
    const { run, router } = await newFleet({ workers: { w1: says('a') } });
    const { answer, requestId } = run();
    await answer.over;
    expect(router.asked[0]).not.toHaveProperty('latencyTargets');
    expect(await recordOf(requestId)).toMatchObject({ timePerOutputTokenMs: null });
  });
});

describe('InferenceRequest.onUsage', () => {
  it('hears what was used before the sink hears of the end', async () => {
    const { run } = await newFleet({ workers: { w1: says('a', 'b') } });
    const heard: unknown[] = [];
    const { answer } = run({}, { onUsage: (usage) => heard.push([usage.completionTokens, answer.usage]) });
    await answer.over;
    expect(heard).toEqual([[2, undefined]]);
  });

  it('hears it of a request that failed, once', async () => {
    const { run } = await newFleet({ workers: { w1: fails(new AppError('inference.engine_failed'), 3) } });
    const heard: number[] = [];
    const { answer } = run({}, { onUsage: ({ completionTokens }) => heard.push(completionTokens) });
    await answer.over;
    expect(heard).toHaveLength(1);
  });
});
