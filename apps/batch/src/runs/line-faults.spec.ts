import { pauseMs, verdictOf } from './line-faults.ts';

describe('verdictOf', () => {
  it.each([
    [200, 0, 'keep'],
    [400, 0, 'keep'],
    [401, 0, 'keep'],
    [404, 9, 'keep'],
    [429, 99, 'wait'],
    [503, 99, 'wait'],
    [500, 0, 'retry'],
    [500, 2, 'retry'],
    [500, 3, 'keep'],
    [504, 0, 'retry'],
    [499, 0, 'retry'],
  ] as const)('of %i after %i failures is %s', (status, failures, verdict) => {
    expect(verdictOf({ status, body: Buffer.from('{"error":{"code":"rate_limit_exceeded"}}') }, failures)).toBe(
      verdict,
    );
  });

  it('of a spent cap does not wait for room', () => {
    const body = Buffer.from('{"error":{"code":"insufficient_quota"}}');
    expect(verdictOf({ status: 429, body }, 0)).toBe('keep');
  });
});

it('pauses grow, and are bounded and random', () => {
  expect([0, 1, 2, 20].map((attempt) => pauseMs(attempt, 1))).toEqual([500, 1_000, 2_000, 30_000]);
  expect(pauseMs(5, 0)).toBe(0);
});
