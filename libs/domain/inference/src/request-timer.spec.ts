import fc from 'fast-check';
import { mock } from 'node:test';
import { RequestTimer } from './request-timer.ts';

const DEADLINE_MS = 60_000;
const IDLE_MS = 10_000;
let now: number;
let timer: RequestTimer;
let expiredWith: string[];
/** What `awaitedSince` returns. */
let awaitedSince: number | undefined;

beforeEach(() => {
  now = 1_000;
  expiredWith = [];
  awaitedSince = now;
  mock.timers.enable({ apis: ['setTimeout'] });
  mock.method(performance, 'now', () => now);
});
afterEach(() => {
  timer.end();
  // First what was mocked last: a test mocks the timer of `mock.timers`.
  mock.restoreAll();
  mock.timers.reset();
});

function begin(idleTimeoutMs = IDLE_MS, timeoutMs = DEADLINE_MS): void {
  timer = new RequestTimer({
    ...{ deadlineAt: now + timeoutMs, idleTimeoutMs },
    awaitedSince: () => awaitedSince,
    expired: ({ code }) => void expiredWith.push(code),
  });
  timer.begin();
}

function pass(ms: number): void {
  for (let i = 0; i < ms; i += 1) {
    now += 1;
    mock.timers.tick(1);
  }
}

/** @returns the milliseconds until it expires. */
function timeToExpiry(): number {
  let ms = 0;
  for (; expiredWith.length === 0 && ms < 2 * DEADLINE_MS; ms += 1) pass(1);
  return ms;
}

describe('a deadline', () => {
  it.each([Infinity, IDLE_MS, DEADLINE_MS, 3 * DEADLINE_MS])(
    'ends a request with an idle timeout of %d ms',
    (idleMs) => {
      begin(idleMs);
      for (let i = 0; i < DEADLINE_MS / 1_000 - 1; i += 1) {
        pass(1_000);
        timer.noteOutput();
        expect(expiredWith).toEqual([]);
      }
      expect(timeToExpiry()).toBeLessThanOrEqual(1_000);
      expect(expiredWith).toEqual(['inference.deadline_exceeded']);
      pass(3 * DEADLINE_MS);
      expect(expiredWith).toHaveLength(1);
    },
  );

  it('does not end a request that has ended', () => {
    begin();
    timer.end();
    pass(2 * DEADLINE_MS);
    expect(expiredWith).toEqual([]);
  });

  it('takes one timer where no idle timeout can expire before it', () => {
    const setting = mock.method(globalThis, 'setTimeout');
    begin(DEADLINE_MS);
    pass(DEADLINE_MS);
    expect(setting.mock.callCount()).toBe(1);
  });
});

describe('an idle timeout', () => {
  it('ends a stream without output', () => {
    begin();
    expect(timeToExpiry()).toBe(IDLE_MS);
    expect(expiredWith).toEqual(['inference.idle_timeout']);
  });

  it('counts from the last output on, never too early, and at most a tenth too long', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: IDLE_MS - 1 }), { maxLength: 5 }), (pauses) => {
        expiredWith = [];
        begin(IDLE_MS, 10 * DEADLINE_MS);
        for (const ms of pauses) {
          pass(ms);
          timer.noteOutput();
        }
        expect(expiredWith).toEqual([]);
        const ms = timeToExpiry();
        expect(ms).toBeGreaterThanOrEqual(pauses.length === 0 ? IDLE_MS : IDLE_MS - 1);
        expect(ms).toBeLessThanOrEqual(IDLE_MS * 1.1 + 1);
        timer.end();
      }),
      { numRuns: 20 },
    );
  });

  it('does not count while no output is awaited, and begins when it is', () => {
    awaitedSince = undefined;
    begin();
    pass(3 * IDLE_MS);
    expect(expiredWith).toEqual([]);
    awaitedSince = now;
    const ms = timeToExpiry();
    expect(ms).toBeGreaterThanOrEqual(IDLE_MS);
    expect(ms).toBeLessThanOrEqual(IDLE_MS * 1.1);
    expect(expiredWith).toEqual(['inference.idle_timeout']);
  });
});
