/** Requests that the timeouts of their tier end. */
import type { RequestFacts } from '@xerotier/contracts/inference';
import { eventually } from '@xerotier/testing';
import { setTimeout as sleep } from 'node:timers/promises';
import { clientFleets } from '../test/client-fleet.ts';
import { hangs, responds, usageOf } from '../test/fake-fleet.ts';
import type { Script } from '../test/fake-fleet.ts';

const { newFleet, recordOf } = clientFleets();

const DEADLINE_EXCEEDED = { code: 'inference.deadline_exceeded', status: 504 };
const IDLE = { code: 'inference.idle_timeout', status: 504 };

const withTimeouts = (
  requestTimeoutSeconds: number | null,
  idleTimeoutSeconds: number | null = null,
): { timeouts: { requestTimeoutSeconds: number | null; idleTimeoutSeconds: number | null } } => ({
  timeouts: { requestTimeoutSeconds, idleTimeoutSeconds },
});

/** Sends some tokens, and then none until it is aborted. */
const stopsAfterThree: Script = async (_input, stream, workerId) => {
  stream.head({ workerId });
  for (const text of ['x', 'y', 'z']) stream.data(Buffer.from(text));
  await new Promise((resolve) => stream.signal.addEventListener('abort', resolve));
  return { usage: usageOf(3), cancelled: true };
};

describe('the request timeout of a tier', () => {
  it.each([true, false])('ends a request, streamed %s, and records what was generated', async (stream) => {
    const { run } = await newFleet({ workers: { a: stopsAfterThree } });
    const { response, requestId } = run({ stream }, withTimeouts(0.3));
    await response.ended;
    expect(response.failure).toMatchObject(DEADLINE_EXCEEDED);
    expect(await recordOf(requestId)).toMatchObject({ outcome: 'failed', usage: usageOf(3) });
  });

  it('ends a request in the queue', async () => {
    const { run, router } = await newFleet({ workers: { a: responds('x') } });
    router.workers = [];
    const { response } = run({}, withTimeouts(0.3));
    await response.ended;
    expect(response.failure?.code).toMatch(/^(inference\.deadline_exceeded|router\.queue_timeout)$/);
    router.freeSlots(['a']);
  });

  it('does not extend that of the process', async () => {
    const { run } = await newFleet({ workers: { a: stopsAfterThree }, limits: { requestTimeoutMs: 300 } });
    const { response } = run({}, withTimeouts(600));
    await response.ended;
    expect(response.failure).toMatchObject(DEADLINE_EXCEEDED);
  });

  it('is for requests of that tier only', async () => {
    const { run } = await newFleet({ workers: { a: stopsAfterThree } });
    const [short, long] = [run({}, withTimeouts(0.2)), run({}, withTimeouts(60))];
    await short.response.ended;
    expect(long.response.order).not.toContain('error');
    long.run.cancel();
    await long.response.ended;
    expect(long.response.failure).toMatchObject({ code: 'inference.cancelled' });
  });

  it('is the deadline that the ledger waits for', async () => {
    const sealed: RequestFacts[] = [];
    const { run } = await newFleet({
      workers: { a: responds('x') },
      sealAccounting: (_context, facts) => `sealed_${sealed.push(facts)}`,
    });
    await run({}, withTimeouts(30)).response.ended;
    await run({}, withTimeouts(null, 5)).response.ended;
    expect(sealed.map(({ startedAt, deadlineAt }) => deadlineAt - startedAt)).toEqual([30_000, 600_000]);
  });
});

describe('the idle timeout of a tier', () => {
  it('ends a stream that has stopped, and records what was generated', async () => {
    const { run, router } = await newFleet({ workers: { a: stopsAfterThree } });
    const { response, requestId } = run({}, withTimeouts(60, 0.3));
    await response.ended;
    expect(response.order).toEqual(['start', 'choices', 'error']);
    expect(response.failure).toMatchObject(IDLE);
    expect(await recordOf(requestId)).toMatchObject({ outcome: 'failed', usage: usageOf(3) });
    await eventually('the slot is free', () => router.released.length === 1);
  });

  it('ends a stream whose worker never begins', async () => {
    const { run } = await newFleet({ workers: { a: hangs } });
    const { response } = run({}, withTimeouts(null, 0.2));
    await response.ended;
    expect(response.order).toEqual(['error']);
    expect(response.failure).toMatchObject(IDLE);
  });

  it('does not end a stream with output, however long', async () => {
    const steady: Script = async (_input, stream, workerId) => {
      stream.head({ workerId });
      for (let i = 0; i < 30; i += 1) {
        stream.data(Buffer.from('x'));
        await sleep(100);
      }
      return { usage: usageOf(30), cancelled: false };
    };
    const { run } = await newFleet({ workers: { a: steady } });
    const { response } = run({}, withTimeouts(null, 1.5));
    await response.ended;
    expect(response.failure).toBeUndefined();
    expect(response.frames).toBe(30);
  });

  it('does not count the time in the queue', async () => {
    const { run, router } = await newFleet({ workers: { a: responds('x') } });
    router.workers = [];
    const { response } = run({}, withTimeouts(null, 0.2));
    await eventually('it has waited for longer', () => router.calls >= 3);
    router.freeSlots(['a']);
    await response.ended;
    expect(response.failure).toBeUndefined();
  });

  it('does not count while the client does not read', async () => {
    const { run } = await newFleet({ workers: { a: stopsAfterThree } });
    const { run: running, response } = run({}, withTimeouts(null, 0.2));
    running.pause();
    await sleep(1_000);
    expect(response.order).not.toContain('error');
    running.resume();
    await response.ended;
    expect(response.failure).toMatchObject(IDLE);
  });

  it('is for streams only', async () => {
    const slow: Script = async (_input, stream, workerId) => {
      stream.head({ workerId });
      await sleep(1_000);
      stream.data(Buffer.from('x'));
      return { usage: usageOf(1), cancelled: false };
    };
    const { run } = await newFleet({ workers: { a: slow } });
    const { response } = run({ stream: false }, withTimeouts(null, 0.2));
    await response.ended;
    expect(response.failure).toBeUndefined();
  });
});
