import { usageRecord } from '@xerotier/contracts/inference';
import { AppError } from '@xerotier/errors';
import { eventually } from '@xerotier/testing';
import fc from 'fast-check';
import { setImmediate as turn } from 'node:timers/promises';
import { clientFleets } from '../test/client-fleet.ts';
import { FakeWorker, fails, isStuck, MODEL, says, talksOn, usageOf } from '../test/fake-fleet.ts';
import type { Script } from '../test/fake-fleet.ts';

const { usages, newFleet, recordOf } = clientFleets();

/** Whether a choice goes on after another one has said something. */
function interleaved(arrivals: readonly number[]): boolean {
  const runsOfOne = arrivals.filter((choice, i) => choice !== arrivals[i - 1]);
  return runsOfOne.length > new Set(arrivals).size;
}

describe('a request', () => {
  it('is answered by the worker that the router names', async () => {
    const { run, workers, router } = await newFleet({ workers: { a: says('x'), b: says('y') } });
    const { response, requestId } = run();
    await response.over;
    expect(response.order).toEqual(['start', 'choices', 'end']);
    expect(response.heads).toEqual([{ workerId: 'a' }]);
    expect(response.texts).toEqual({ 0: ['x'] });
    expect(response.usage).toEqual(usageOf(1));
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
    expect(router.acquired).toEqual([
      expect.objectContaining({
        requestId,
        modelId: MODEL,
        tier: 'free',
        projectId: 'proj_1',
        excludedWorkers: [],
        promptTokensEstimate: 2,
      }),
    ]);
    expect(JSON.stringify(router.acquired)).not.toContain('hello');
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
        const { response } = run({ n: plan.length });
        await response.over;
        const texts = plan.map((_, i) => (response.texts[i] ?? []).map((text) => JSON.parse(text) as unknown));
        expect(texts).toEqual(plan.map((pieces, i) => pieces.map(({ text }) => [i, JSON.parse(JSON.stringify(text))])));
        expect(ended.toSorted((a, b) => a - b)).toEqual(plan.map((_, i) => i));
        expect(response.usage?.completionTokens).toBe(plan.flat().length);
        between.push(interleaved(response.arrivals));
      }),
      { numRuns: 40 },
    );
    // Otherwise this would be a test of nothing.
    expect(between).toContain(true);
  });

  it('without any data is an answer still', async () => {
    const { run } = await newFleet({ workers: { a: says() } });
    const { response, requestId } = run();
    await response.over;
    expect(response.order).toEqual(['start', 'end']);
    expect(await recordOf(requestId)).toMatchObject({ outcome: 'completed', usage: usageOf(0) });
  });

  it('is recorded with what it cost', async () => {
    const { run } = await newFleet({ workers: { a: says('x', 'y') } });
    const { response, requestId } = run();
    await response.over;
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
    const { response } = run();
    await eventually('it is queued', () => router.calls >= 2);
    expect(response.order).toEqual([]);
    router.freeSlots(['a']);
    await response.over;
    expect(response.texts).toEqual({ 0: ['x'] });
    expect(new Set(router.acquired.map(({ ticketId }) => ticketId)).size).toBe(1);
  });

  it('that waits too long in the queue is refused', async () => {
    const { run, router } = await newFleet({ workers: { a: says('x') }, limits: { queueTimeoutMs: 300 } });
    router.workers = [];
    const { response, requestId } = run();
    await response.over;
    expect(response.failure).toMatchObject({ code: 'router.queue_timeout', status: 503 });
    expect(await recordOf(requestId)).toMatchObject({
      outcome: 'failed',
      usage: { completionTokens: 0 },
      timeToFirstTokenMs: null,
    });
  });

  it('that the router refuses is told why, and goes nowhere else', async () => {
    const { run, router, workers } = await newFleet({ workers: { a: says('x') }, shared: true });
    router.rejection = new AppError('router.queue_full', { model: MODEL }, { retryAfterSeconds: 5 });
    const { response } = run();
    await response.over;
    expect(response.failure).toMatchObject({
      code: 'router.queue_full',
      details: { model: MODEL },
      retryAfterSeconds: 5,
    });
    expect(workers['a']?.received).toEqual([]);
  });

  it('is ended when its time is over, and counts what was generated', async () => {
    const { run } = await newFleet({ workers: { a: talksOn }, limits: { requestTimeoutMs: 300 } });
    const { response, requestId } = run();
    await response.over;
    expect(response.failure).toMatchObject({ code: 'inference.deadline_exceeded', status: 504 });
    const { outcome, usage } = await recordOf(requestId);
    expect(outcome).toBe('failed');
    expect(usage.completionTokens).toBeGreaterThanOrEqual(response.frames);
  });

  it('is ended when its time is over, also by a worker that does not listen', async () => {
    const { run } = await newFleet({ workers: { a: isStuck }, limits: { requestTimeoutMs: 300 } });
    const { response } = run();
    await response.over;
    expect(response.failure).toMatchObject({ code: 'inference.deadline_exceeded' });
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
    const { run: running, response } = run();
    running.pause();
    const still = await eventually('it stands still', async () => {
      const before = response.frames;
      await new Promise((resolve) => setTimeout(resolve, 100));
      return before > 0 && before === response.frames ? before : undefined;
    });
    expect(still).toBeLessThan(texts.length);
    running.resume();
    await response.over;
    expect(response.texts[0]).toEqual(texts);
  });
});

describe('a request that is cancelled', () => {
  it('while it is queued gives the slot that it gets back unused', async () => {
    const { run, router, workers } = await newFleet({ workers: { a: says('x') } });
    router.workers = [];
    const { run: running, response, requestId } = run();
    await eventually('it is queued', () => router.calls >= 2);
    running.cancel();
    router.freeSlots(['a']);
    await response.over;
    expect(response.order).toEqual(['error']);
    expect(response.failure).toMatchObject({ code: 'inference.cancelled' });
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
    const { run: running, response } = run();
    running.cancel();
    await response.over;
    expect(response.failure?.code).toBe('inference.cancelled');
    expect(workers['a']?.received).toEqual([]);
  });

  it('while it streams stops the worker, and counts the tokens that were generated', async () => {
    const { run, router, workers } = await newFleet({ workers: { a: talksOn } });
    const { run: running, response, requestId } = run();
    await eventually('it talks', () => response.frames > 3);
    running.cancel();
    await response.over;
    expect(response.failure?.code).toBe('inference.cancelled');
    expect(workers['a']?.running).toBe(0);
    const { outcome, usage } = await recordOf(requestId);
    expect(outcome).toBe('cancelled');
    expect(usage.completionTokens).toBeGreaterThanOrEqual(response.frames);
    expect(usage.promptTokens).toBe(7);
    expect(router.released).toEqual([expect.objectContaining({ outcome: 'cancelled' })]);
  });

  it('while its worker fails counts what the worker says it generated', async () => {
    const failsWhenStopped: Script = async (input, stream, workerId) => {
      await talksOn(input, stream, workerId);
      throw new AppError('worker.draining', { usage: usageOf(99) });
    };
    const { run } = await newFleet({ workers: { a: failsWhenStopped } });
    const { run: running, response, requestId } = run();
    await eventually('it talks', () => response.frames > 0);
    running.cancel();
    await response.over;
    expect(response.failure?.code).toBe('inference.cancelled');
    expect(await recordOf(requestId)).toMatchObject({ outcome: 'cancelled', usage: usageOf(99) });
  });

  it('is over in the end, also with a worker that does not listen', async () => {
    const { run, workers, router } = await newFleet({ workers: { a: isStuck } });
    const { run: running, response } = run();
    await eventually('it has the request', () => workers['a']?.running === 1);
    running.cancel();
    await response.over;
    expect(response.failure?.code).toBe('inference.cancelled');
    await eventually('the slot is free', () => router.released.length === 1);
    expect(router.released[0]?.outcome).toBe('lost');
  });

  it('again, or when it is over, does nothing', async () => {
    const { run } = await newFleet({ workers: { a: says('x') } });
    const { run: running, response } = run();
    await response.over;
    running.cancel();
    running.cancel();
    expect(response.order).toEqual(['start', 'choices', 'end']);
  });
});

describe('a request for several choices', () => {
  const byChoice: Script = (input, ...rest) => says(`${input.choiceIndex}`, `${input.choiceIndex}!`)(input, ...rest);

  it('is sent to a worker once, whatever n is, and without what the edge deals with by itself', async () => {
    const { run, workers, workerBuses } = await newFleet({ workers: { a: says('x') } });
    const bodies: string[] = [];
    workerBuses['a']?.connection.nats.subscribe(`infer.v1.${MODEL}.a`, {
      callback: (_, message) => void bodies.push(message.string()),
    });
    await workerBuses['a']?.bus.flush();
    const { response } = run({
      n: 4,
      user: 'user-1',
      metadata: { purpose: 'test' },
      store: true,
      service_tier: 'flex',
      stream_options: { include_usage: true },
      temperature: 0.5,
    });
    await response.over;
    expect(response.texts).toEqual({ 0: ['x'], 1: ['x'], 2: ['x'], 3: ['x'] });
    expect(bodies).toHaveLength(1);
    const chat = { model: 'tiny', messages: [{ role: 'user', content: 'hello' }], stream: true, temperature: 0.5 };
    expect(JSON.parse(bodies[0] ?? '')).toMatchObject({ projectId: 'proj_1', chat });
    const received = workers['a']?.received ?? [];
    expect(received.map((input) => input.chat)).toEqual([chat, chat, chat, chat]);
    expect(received.map(({ choiceIndex }) => choiceIndex)).toEqual([0, 1, 2, 3]);
    expect(new Set(received.map(({ leaseId }) => leaseId)).size).toBe(4);
  });

  it('runs a few at once, answers each, and counts the prompt once', async () => {
    const { run, workers } = await newFleet({ workers: { a: byChoice }, limits: { fanOutMax: 2 } });
    const { response, requestId } = run({ n: 5 });
    await response.over;
    expect(response.texts).toEqual({ 0: ['0', '0!'], 1: ['1', '1!'], 2: ['2', '2!'], 3: ['3', '3!'], 4: ['4', '4!'] });
    expect(workers['a']?.runningMost).toBe(2);
    expect(response.usage).toEqual(usageOf(10));
    expect(await recordOf(requestId)).toMatchObject({ outcome: 'completed', usage: usageOf(10) });
  });

  it('gives the later choices as long to wait for a slot as the first', async () => {
    const slow: Script = async (...all) => {
      await new Promise((resolve) => setTimeout(resolve, 300));
      return byChoice(...all);
    };
    const { run, router } = await newFleet({ workers: { a: slow }, limits: { fanOutMax: 1, queueTimeoutMs: 250 } });
    const { response } = run({ n: 2 });
    await eventually('the first runs', () => router.granted.length === 1);
    router.workers = [];
    await eventually('the second is queued', () => router.calls >= 3);
    router.freeSlots(['a']);
    await response.over;
    expect(response.order.at(-1)).toBe('end');
    expect(Object.keys(response.texts)).toHaveLength(2);
  });

  it('ends as a whole when one choice fails, and counts what all of them generated', async () => {
    const oneFails: Script = (input, ...rest) =>
      input.choiceIndex === 1
        ? fails(new AppError('inference.engine_failed', { usage: usageOf(3) }), 3)(input, ...rest)
        : talksOn(input, ...rest);
    const { run, workers } = await newFleet({ workers: { a: oneFails } });
    const { response, requestId } = run({ n: 3 });
    await response.over;
    expect(response.failure?.code).toBe('inference.engine_failed');
    expect(workers['a']?.running).toBe(0);
    const { usage, outcome } = await recordOf(requestId);
    expect(outcome).toBe('failed');
    expect(usage.promptTokens).toBe(7);
    expect(usage.completionTokens).toBeGreaterThanOrEqual(response.frames);
  });

  it('counts what arrived of a choice that never said what it used', async () => {
    const oneIsLost: Script = async (input, ...rest) => {
      if (input.choiceIndex === 1) return says('x')(input, ...rest);
      await new Promise((resolve) => setTimeout(resolve, 200));
      return fails(new AppError('worker.draining'), 5)(input, ...rest);
    };
    const { run } = await newFleet({ workers: { a: oneIsLost } });
    const { response, requestId } = run({ n: 2 });
    await response.over;
    expect(response.failure?.code).toBe('inference.interrupted');
    expect((await recordOf(requestId)).usage).toMatchObject({ promptTokens: 7, completionTokens: 5 });
  });

  it('begins no further choice once it has failed', async () => {
    const firstFails: Script = fails(new AppError('request.invalid', { reason: 'no.' }));
    const { run, workers } = await newFleet({ workers: { a: firstFails }, limits: { fanOutMax: 1 } });
    const { response } = run({ n: 5 });
    await response.over;
    expect(workers['a']?.received).toHaveLength(1);
  });

  it('is cancelled as a whole', async () => {
    const { run, workers } = await newFleet({ workers: { a: talksOn }, limits: { fanOutMax: 2 } });
    const { run: running, response } = run({ n: 4 });
    await eventually('it talks', () => response.frames > 3);
    running.cancel();
    await response.over;
    expect(workers['a']?.received).toHaveLength(2);
    expect(workers['a']?.running).toBe(0);
  });
});

describe('draining', () => {
  it('waits for what runs', async () => {
    const { run, client } = await newFleet({ workers: { a: says('x', 'y', 'z') } });
    const { response } = run();
    await client.drain(new AbortController().signal);
    await response.over;
    expect(response.order.at(-1)).toBe('end');
  });

  it('resolves at once when nothing runs', async () => {
    const { client } = await newFleet();
    await client.drain(new AbortController().signal);
  });

  it('ends what still runs when its signal says so, and counts it', async () => {
    const { run, client } = await newFleet({ workers: { a: talksOn } });
    const running = [run(), run()];
    await eventually('they talk', () => running.every(({ response }) => response.frames > 0));
    const cut = new AbortController();
    const drained = client.drain(cut.signal);
    cut.abort();
    await drained;
    for (const { response, requestId } of running) {
      await response.over;
      expect(response.failure).toMatchObject({ code: 'service.draining', status: 503 });
      expect((await recordOf(requestId)).usage.completionTokens).toBeGreaterThanOrEqual(response.frames);
    }
  });

  it('ends what still runs when its signal said so before', async () => {
    const { run, client } = await newFleet({ workers: { a: talksOn } });
    const { response } = run();
    await eventually('it talks', () => response.frames > 0);
    await client.drain(AbortSignal.abort());
    expect(response.failure?.code).toBe('service.draining');
  });

  it('ends at once what begins after that', async () => {
    const { run, client } = await newFleet({ workers: { a: talksOn } });
    await client.drain(AbortSignal.abort());
    const { response } = run();
    await response.over;
    expect(response.failure?.code).toBe('service.draining');
  });
});

describe('usage that cannot be queued', () => {
  it('is written to the log, so that nothing is lost in silence', async () => {
    const { run, lines } = await newFleet({ workers: { a: says('x') }, usageMax: 0 });
    const { response, requestId } = run();
    await response.over;
    const [line] = lines().filter(({ level }) => level === 'error');
    expect(line).toMatchObject({ record: { requestId, usage: usageOf(1) } });
    usages.push(usageRecord.parse(line?.['record']));
  });
});

describe('InferenceClient and what a client would like', () => {
  it('tells the router the targets, and the ledger what became of them', async () => {
    const { run, router } = await newFleet({ workers: { w1: says('a', 'b', 'c') } });
    const latencyTargets = { timeToFirstTokenMs: 500, timePerOutputTokenMs: 50 };
    const { response, requestId } = run({}, { latencyTargets });
    await response.over;
    expect(router.acquired[0]?.latencyTargets).toEqual(latencyTargets);
    const record = await recordOf(requestId);
    expect(record.latencyTargets).toEqual(latencyTargets);
    const { durationMs, timeToFirstTokenMs, timePerOutputTokenMs } = record;
    expect(timePerOutputTokenMs).toBeCloseTo((durationMs - Number(timeToFirstTokenMs)) / 2);
  });

  it('tells the router what was asked for within the tier, and the ledger that and for whom', async () => {
    const { run, router } = await newFleet({ workers: { w1: says('a') } });
    const { response, requestId } = run({}, { requestedServiceTier: 'flex', endUser: 'user-1' });
    await response.over;
    expect(router.acquired[0]).toMatchObject({ requestedServiceTier: 'flex' });
    expect(router.acquired[0]).not.toHaveProperty('endUser');
    expect(await recordOf(requestId)).toMatchObject({ requestedServiceTier: 'flex', endUser: 'user-1' });
  });

  it('says nothing of targets that nobody has, nor of the pace of a single token', async () => {
    const { run, router } = await newFleet({ workers: { w1: says('a') } });
    const { response, requestId } = run();
    await response.over;
    expect(router.acquired[0]).not.toHaveProperty('latencyTargets');
    expect(await recordOf(requestId)).toMatchObject({ timePerOutputTokenMs: null });
  });
});

describe('ChatRequest.onUsage', () => {
  it('hears what was used before the sink hears of the end', async () => {
    const { run } = await newFleet({ workers: { w1: says('a', 'b') } });
    const heard: unknown[] = [];
    const { response } = run({}, { onUsage: (usage) => heard.push([usage.completionTokens, response.usage]) });
    await response.over;
    expect(heard).toEqual([[2, undefined]]);
  });

  it('hears it of a request that failed, once', async () => {
    const { run } = await newFleet({ workers: { w1: fails(new AppError('inference.engine_failed'), 3) } });
    const heard: number[] = [];
    const { response } = run({}, { onUsage: ({ completionTokens }) => heard.push(completionTokens) });
    await response.over;
    expect(heard).toHaveLength(1);
  });
});
