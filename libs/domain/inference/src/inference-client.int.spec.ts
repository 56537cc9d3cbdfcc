import { usageRecord } from '@xerotier/contracts/inference';
import { AppError } from '@xerotier/errors';
import { eventually } from '@xerotier/testing';
import fc from 'fast-check';
import { setImmediate as turn } from 'node:timers/promises';
import { clientFleets } from '../test/client-fleet.ts';
import { FakeWorker, fails, hangs, MODEL, responds, streamsUntilAborted, usageOf } from '../test/fake-fleet.ts';
import type { Script } from '../test/fake-fleet.ts';

const { usages, newFleet, recordOf } = clientFleets();

/** Whether the frames of different choices were interleaved. */
function interleaved(arrivals: readonly number[]): boolean {
  const runsOfOne = arrivals.filter((choice, i) => choice !== arrivals[i - 1]);
  return runsOfOne.length > new Set(arrivals).size;
}

describe('InferenceClient.chat', () => {
  it('returns the response of the worker that the router assigns', async () => {
    const { run, workers, router } = await newFleet({ workers: { a: responds('x'), b: responds('y') } });
    const { response, requestId } = run();
    await response.ended;
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

  it('delivers every choice completely and in order when frames of choices are interleaved', async () => {
    const piece = fc.record({ text: fc.string({ unit: 'binary', minLength: 1 }), pause: fc.nat({ max: 3 }) });
    const choices = fc.array(fc.array(piece, { maxLength: 12 }), { minLength: 1, maxLength: 10 });
    const { run, workers } = await newFleet({ workers: { a: responds() } });
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
        await response.ended;
        const texts = plan.map((_, i) => (response.texts[i] ?? []).map((text) => JSON.parse(text) as unknown));
        expect(texts).toEqual(plan.map((pieces, i) => pieces.map(({ text }) => [i, JSON.parse(JSON.stringify(text))])));
        expect(ended.toSorted((a, b) => a - b)).toEqual(plan.map((_, i) => i));
        expect(response.usage?.completionTokens).toBe(plan.flat().length);
        between.push(interleaved(response.arrivals));
      }),
      { numRuns: 40 },
    );
    // Otherwise the test proves nothing.
    expect(between).toContain(true);
  });

  it('completes without any data frame', async () => {
    const { run } = await newFleet({ workers: { a: responds() } });
    const { response, requestId } = run();
    await response.ended;
    expect(response.order).toEqual(['start', 'end']);
    expect(await recordOf(requestId)).toMatchObject({ outcome: 'completed', usage: usageOf(0) });
  });

  it('records the usage', async () => {
    const { run } = await newFleet({ workers: { a: responds('x', 'y') } });
    const { response, requestId } = run();
    await response.ended;
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
    const { run, router } = await newFleet({ workers: { a: responds('x') } });
    router.workers = [];
    const { response } = run();
    await eventually('it is queued', () => router.calls >= 2);
    expect(response.order).toEqual([]);
    router.freeSlots(['a']);
    await response.ended;
    expect(response.texts).toEqual({ 0: ['x'] });
    expect(new Set(router.acquired.map(({ ticketId }) => ticketId)).size).toBe(1);
  });

  it('fails with router.queue_timeout after waiting too long in the queue', async () => {
    const { run, router } = await newFleet({ workers: { a: responds('x') }, limits: { queueTimeoutMs: 300 } });
    router.workers = [];
    const { response, requestId } = run();
    await response.ended;
    expect(response.failure).toMatchObject({ code: 'router.queue_timeout', status: 503 });
    expect(await recordOf(requestId)).toMatchObject({
      outcome: 'failed',
      usage: { completionTokens: 0 },
      timeToFirstTokenMs: null,
    });
  });

  it('fails with the error of the router, without trying the shared subject', async () => {
    const { run, router, workers } = await newFleet({ workers: { a: responds('x') }, shared: true });
    router.rejection = new AppError('router.queue_full', { model: MODEL }, { retryAfterSeconds: 5 });
    const { response } = run();
    await response.ended;
    expect(response.failure).toMatchObject({
      code: 'router.queue_full',
      details: { model: MODEL },
      retryAfterSeconds: 5,
    });
    expect(workers['a']?.received).toEqual([]);
  });

  it('ends at its deadline and records what was generated', async () => {
    const { run } = await newFleet({ workers: { a: streamsUntilAborted }, limits: { requestTimeoutMs: 300 } });
    const { response, requestId } = run();
    await response.ended;
    expect(response.failure).toMatchObject({ code: 'inference.deadline_exceeded', status: 504 });
    const { outcome, usage } = await recordOf(requestId);
    expect(outcome).toBe('failed');
    expect(usage.completionTokens).toBeGreaterThanOrEqual(response.frames);
  });

  it('ends at its deadline even if the worker is stuck', async () => {
    const { run } = await newFleet({ workers: { a: hangs }, limits: { requestTimeoutMs: 300 } });
    const { response } = run();
    await response.ended;
    expect(response.failure).toMatchObject({ code: 'inference.deadline_exceeded' });
  });

  it('pauses the worker while it is paused, and resumes without loss', async () => {
    let sent = 0;
    let pausedAt: number | undefined;
    const patient: Script = async (_input, stream, workerId) => {
      stream.head({ workerId });
      while (pausedAt === undefined || sent < pausedAt + 100) {
        stream.data(Buffer.from(`${sent}`));
        sent += 1;
        const paused = stream.paused();
        if (paused !== undefined) pausedAt ??= sent;
        await (paused ?? new Promise((resolve) => setImmediate(resolve)));
      }
      return { usage: usageOf(sent), cancelled: false };
    };
    const { run } = await newFleet({ workers: { a: patient } });
    const { run: running, response } = run();
    running.pause();
    await eventually('the worker is paused', () => pausedAt !== undefined);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(sent).toBe(pausedAt);
    running.resume();
    await response.ended;
    expect(sent).toBe((pausedAt ?? 0) + 100);
    expect(response.texts[0]).toEqual(Array.from({ length: sent }, (_, i) => `${i}`));
  });
});

describe('cancel', () => {
  it('releases the slot unused if the request was queued', async () => {
    const { run, router, workers } = await newFleet({ workers: { a: responds('x') } });
    router.workers = [];
    const { run: running, response, requestId } = run();
    await eventually('it is queued', () => router.calls >= 2);
    running.cancel();
    router.freeSlots(['a']);
    await response.ended;
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

  it('keeps the request from reaching a worker if called immediately', async () => {
    const { run, workers } = await newFleet({ workers: { a: responds('x') } });
    const { run: running, response } = run();
    running.cancel();
    await response.ended;
    expect(response.failure?.code).toBe('inference.cancelled');
    expect(workers['a']?.received).toEqual([]);
  });

  it('stops the worker during streaming and records the generated tokens', async () => {
    const { run, router, workers } = await newFleet({ workers: { a: streamsUntilAborted } });
    const { run: running, response, requestId } = run();
    await eventually('it streams', () => response.frames > 3);
    running.cancel();
    await response.ended;
    expect(response.failure?.code).toBe('inference.cancelled');
    expect(workers['a']?.running).toBe(0);
    const { outcome, usage } = await recordOf(requestId);
    expect(outcome).toBe('cancelled');
    expect(usage.completionTokens).toBeGreaterThanOrEqual(response.frames);
    expect(usage.promptTokens).toBe(7);
    expect(router.released).toEqual([expect.objectContaining({ outcome: 'cancelled' })]);
  });

  it('records the usage of a worker that fails while it is cancelled', async () => {
    const failsWhenStopped: Script = async (input, stream, workerId) => {
      await streamsUntilAborted(input, stream, workerId);
      throw new AppError('worker.draining', { usage: usageOf(99) });
    };
    const { run } = await newFleet({ workers: { a: failsWhenStopped } });
    const { run: running, response, requestId } = run();
    await eventually('it streams', () => response.frames > 0);
    running.cancel();
    await response.ended;
    expect(response.failure?.code).toBe('inference.cancelled');
    expect(await recordOf(requestId)).toMatchObject({ outcome: 'cancelled', usage: usageOf(99) });
  });

  it('ends the request even if the worker is stuck', async () => {
    const { run, workers, router } = await newFleet({ workers: { a: hangs } });
    const { run: running, response } = run();
    await eventually('it has the request', () => workers['a']?.running === 1);
    running.cancel();
    await response.ended;
    expect(response.failure?.code).toBe('inference.cancelled');
    await eventually('the slot is free', () => router.released.length === 1);
    expect(router.released[0]?.outcome).toBe('lost');
  });

  it('is a no-op if repeated or after the end', async () => {
    const { run } = await newFleet({ workers: { a: responds('x') } });
    const { run: running, response } = run();
    await response.ended;
    running.cancel();
    running.cancel();
    expect(response.order).toEqual(['start', 'choices', 'end']);
  });
});

describe('a request with n > 1', () => {
  const byChoice: Script = (input, ...rest) =>
    responds(`${input.choiceIndex}`, `${input.choiceIndex}!`)(input, ...rest);

  it('is sent to a worker once, without the fields that only the gateway uses', async () => {
    const { run, workers, workerBuses } = await newFleet({ workers: { a: responds('x') } });
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
    await response.ended;
    expect(response.texts).toEqual({ 0: ['x'], 1: ['x'], 2: ['x'], 3: ['x'] });
    expect(bodies).toHaveLength(1);
    const chat = { model: 'tiny', messages: [{ role: 'user', content: 'hello' }], stream: true, temperature: 0.5 };
    expect(JSON.parse(bodies[0] ?? '')).toMatchObject({ projectId: 'proj_1', chat });
    const received = workers['a']?.received ?? [];
    expect(received.map((input) => input.chat)).toEqual([chat, chat, chat, chat]);
    expect(received.map(({ choiceIndex }) => choiceIndex)).toEqual([0, 1, 2, 3]);
    expect(new Set(received.map(({ leaseId }) => leaseId)).size).toBe(4);
  });

  it('runs at most fanOutMax choices at once, and counts the prompt once', async () => {
    const { run, workers } = await newFleet({ workers: { a: byChoice }, limits: { fanOutMax: 2 } });
    const { response, requestId } = run({ n: 5 });
    await response.ended;
    expect(response.texts).toEqual({ 0: ['0', '0!'], 1: ['1', '1!'], 2: ['2', '2!'], 3: ['3', '3!'], 4: ['4', '4!'] });
    expect(workers['a']?.runningMost).toBe(2);
    expect(response.usage).toEqual(usageOf(10));
    expect(await recordOf(requestId)).toMatchObject({ outcome: 'completed', usage: usageOf(10) });
  });

  it('applies the queue timeout to each choice', async () => {
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
    await response.ended;
    expect(response.order.at(-1)).toBe('end');
    expect(Object.keys(response.texts)).toHaveLength(2);
  });

  it('fails as a whole if one choice fails, and records the usage of all choices', async () => {
    const oneFails: Script = (input, ...rest) =>
      input.choiceIndex === 1
        ? fails(new AppError('inference.engine_failed', { usage: usageOf(3) }), 3)(input, ...rest)
        : streamsUntilAborted(input, ...rest);
    const { run, workers } = await newFleet({ workers: { a: oneFails } });
    const { response, requestId } = run({ n: 3 });
    await response.ended;
    expect(response.failure?.code).toBe('inference.engine_failed');
    expect(workers['a']?.running).toBe(0);
    const { usage, outcome } = await recordOf(requestId);
    expect(outcome).toBe('failed');
    expect(usage.promptTokens).toBe(7);
    expect(usage.completionTokens).toBeGreaterThanOrEqual(response.frames);
  });

  it('counts the received frames of a choice that reported no usage', async () => {
    const oneIsLost: Script = async (input, ...rest) => {
      if (input.choiceIndex === 1) return responds('x')(input, ...rest);
      await new Promise((resolve) => setTimeout(resolve, 200));
      return fails(new AppError('worker.draining'), 5)(input, ...rest);
    };
    const { run } = await newFleet({ workers: { a: oneIsLost } });
    const { response, requestId } = run({ n: 2 });
    await response.ended;
    expect(response.failure?.code).toBe('inference.interrupted');
    expect((await recordOf(requestId)).usage).toMatchObject({ promptTokens: 7, completionTokens: 5 });
  });

  it('starts no further choice after a failure', async () => {
    const firstFails: Script = fails(new AppError('request.invalid', { reason: 'no.' }));
    const { run, workers } = await newFleet({ workers: { a: firstFails }, limits: { fanOutMax: 1 } });
    const { response } = run({ n: 5 });
    await response.ended;
    expect(workers['a']?.received).toHaveLength(1);
  });

  it('is cancelled as a whole', async () => {
    const { run, workers } = await newFleet({ workers: { a: streamsUntilAborted }, limits: { fanOutMax: 2 } });
    const { run: running, response } = run({ n: 4 });
    await eventually('it streams', () => response.frames > 3);
    running.cancel();
    await response.ended;
    expect(workers['a']?.received).toHaveLength(2);
    expect(workers['a']?.running).toBe(0);
  });
});

describe('InferenceClient.drain', () => {
  it('waits for running requests', async () => {
    const { run, client } = await newFleet({ workers: { a: responds('x', 'y', 'z') } });
    const { response } = run();
    await client.drain(new AbortController().signal);
    await response.ended;
    expect(response.order.at(-1)).toBe('end');
  });

  it('resolves immediately if nothing runs', async () => {
    const { client } = await newFleet();
    await client.drain(new AbortController().signal);
  });

  it('ends and records running requests when its signal is aborted', async () => {
    const { run, client } = await newFleet({ workers: { a: streamsUntilAborted } });
    const running = [run(), run()];
    await eventually('they stream', () => running.every(({ response }) => response.frames > 0));
    const grace = new AbortController();
    const drained = client.drain(grace.signal);
    grace.abort();
    await drained;
    for (const { response, requestId } of running) {
      await response.ended;
      expect(response.failure).toMatchObject({ code: 'service.draining', status: 503 });
      expect((await recordOf(requestId)).usage.completionTokens).toBeGreaterThanOrEqual(response.frames);
    }
  });

  it('ends running requests if its signal is already aborted', async () => {
    const { run, client } = await newFleet({ workers: { a: streamsUntilAborted } });
    const { response } = run();
    await eventually('it streams', () => response.frames > 0);
    await client.drain(AbortSignal.abort());
    expect(response.failure?.code).toBe('service.draining');
  });

  it('ends requests that began after it had resolved, once its signal is aborted', async () => {
    const { run, client } = await newFleet({ workers: { a: streamsUntilAborted } });
    const grace = new AbortController();
    await client.drain(grace.signal);
    const { response } = run();
    await eventually('it streams', () => response.frames > 0);
    grace.abort();
    await response.ended;
    expect(response.failure?.code).toBe('service.draining');
  });

  it('ends new requests immediately after that', async () => {
    const { run, client } = await newFleet({ workers: { a: streamsUntilAborted } });
    await client.drain(AbortSignal.abort());
    const { response } = run();
    await response.ended;
    expect(response.failure?.code).toBe('service.draining');
  });
});

describe('a usage record that cannot be queued', () => {
  it('is logged as a whole, so that it can be recovered', async () => {
    const { run, lines } = await newFleet({ workers: { a: responds('x') }, usageMax: 0 });
    const { response, requestId } = run();
    await response.ended;
    const [line] = lines().filter(({ level }) => level === 'error');
    expect(line).toMatchObject({ record: { requestId, usage: usageOf(1) } });
    usages.push(usageRecord.parse(line?.['record']));
  });
});

describe('request context', () => {
  it('sends the latency targets to the router, and records them with the measured times', async () => {
    const { run, router } = await newFleet({ workers: { w1: responds('a', 'b', 'c') } });
    const latencyTargets = { timeToFirstTokenMs: 500, timePerOutputTokenMs: 50 };
    const { response, requestId } = run({}, { latencyTargets });
    await response.ended;
    expect(router.acquired[0]?.latencyTargets).toEqual(latencyTargets);
    const record = await recordOf(requestId);
    expect(record.latencyTargets).toEqual(latencyTargets);
    const { durationMs, timeToFirstTokenMs, timePerOutputTokenMs } = record;
    expect(timePerOutputTokenMs).toBeCloseTo((durationMs - Number(timeToFirstTokenMs)) / 2);
  });

  it('sends the requested tier to the router, and records it and the end user', async () => {
    const { run, router } = await newFleet({ workers: { w1: responds('a') } });
    const { response, requestId } = run({}, { requestedServiceTier: 'flex', endUser: 'user-1' });
    await response.ended;
    expect(router.acquired[0]).toMatchObject({ requestedServiceTier: 'flex' });
    expect(router.acquired[0]).not.toHaveProperty('endUser');
    expect(await recordOf(requestId)).toMatchObject({ requestedServiceTier: 'flex', endUser: 'user-1' });
  });

  it('omits missing latency targets, and the time per output token of a single token', async () => {
    const { run, router } = await newFleet({ workers: { w1: responds('a') } });
    const { response, requestId } = run();
    await response.ended;
    expect(router.acquired[0]).not.toHaveProperty('latencyTargets');
    expect(await recordOf(requestId)).toMatchObject({ timePerOutputTokenMs: null });
  });
});

describe('ChatRequest.onUsage', () => {
  it('is called with the usage before the sink receives the end', async () => {
    const { run } = await newFleet({ workers: { w1: responds('a', 'b') } });
    const calls: unknown[] = [];
    const { response } = run({}, { onUsage: (usage) => calls.push([usage.completionTokens, response.usage]) });
    await response.ended;
    expect(calls).toEqual([[2, undefined]]);
  });

  it('is called once for a failed request', async () => {
    const { run } = await newFleet({ workers: { w1: fails(new AppError('inference.engine_failed'), 3) } });
    const calls: number[] = [];
    const { response } = run({}, { onUsage: ({ completionTokens }) => calls.push(completionTokens) });
    await response.ended;
    expect(calls).toHaveLength(1);
  });
});
