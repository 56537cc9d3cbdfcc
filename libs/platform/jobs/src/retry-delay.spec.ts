import { retryDelayMs } from './retry-delay.ts';

const policy = { attemptsMax: 10, pauseMs: 1_000, pauseMsMax: 60_000 };
const boundOf = (failures: number): number => retryDelayMs(failures, policy, () => 1);

describe('retryDelayMs', () => {
  it('doubles its bound up to the maximum', () => {
    expect([1, 2, 3, 6, 7, 1_000].map(boundOf)).toEqual([1_000, 2_000, 4_000, 32_000, 60_000, 60_000]);
  });

  it('is anywhere below the bound, and never 0, for which BullMQ would not pause', () => {
    expect(retryDelayMs(1, policy, () => 0.5)).toBe(500);
    expect(retryDelayMs(5, policy, () => 0)).toBe(1);
  });
});
