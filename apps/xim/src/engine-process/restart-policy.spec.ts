import { RestartPolicy, restartTimesDefaults } from './restart-policy.ts';

const FAILURES_MAX = 4;
const policyWith = (random: number): RestartPolicy =>
  new RestartPolicy(FAILURES_MAX, { ...restartTimesDefaults, pauseMaxMs: 3_000 }, () => random);

describe('RestartPolicy', () => {
  it('doubles the pause up to its maximum, with full jitter, and is slow in a crash loop', () => {
    for (const random of [0, 0.5, 0.999]) {
      const policy = policyWith(random);
      const pauses = [1, 2, 3, 4, 5].map(() => {
        policy.failed(0);
        return policy.nextPauseMs();
      });
      expect(pauses).toEqual([1_000 * random, 2_000 * random, 3_000 * random, 300_000, 300_000]);
      expect(policy.isCrashLoop).toBe(true);
    }
  });

  it('counts failures in a row only', () => {
    const policy = policyWith(1);
    for (const readyForMs of [0, 59_999, 0]) policy.failed(readyForMs);
    expect([policy.failures, policy.isCrashLoop]).toEqual([3, false]);
    policy.failed(60_000);
    expect([policy.failures, policy.nextPauseMs()]).toEqual([1, 1_000]);
  });
});
