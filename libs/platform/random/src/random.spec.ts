import { pooledRandomBytes, randomHex, randomId48 } from './random.ts';

describe('random bytes', () => {
  it('are never returned twice, and stay as they are', () => {
    const views = Array.from({ length: 3_000 }, () => pooledRandomBytes(12));
    const seen = new Set(views.map((view) => view.toString('hex')));
    expect(seen.size).toBe(3_000);
    expect(new Set(views.map((view) => view.toString('hex')))).toEqual(seen);
  });

  it('have the requested length, also above that of the pool', () => {
    expect([0, 1, 8_191, 8_192, 8_193].map((bytes) => pooledRandomBytes(bytes).length)).toEqual([
      0, 1, 8_191, 8_192, 8_193,
    ]);
  });

  it('are spread over all values', () => {
    const counts = new Map<number, number>();
    for (const byte of pooledRandomBytes(64 * 1_024)) counts.set(byte, (counts.get(byte) ?? 0) + 1);
    expect(counts.size).toBe(256);
    // 256 times each on average, with a standard deviation of 16.
    expect(Math.max(...counts.values())).toBeLessThan(384);
  });
});

describe('randomHex', () => {
  it('returns two digits for each byte', () => {
    const ids = Array.from({ length: 2_000 }, () => randomHex(24));
    expect(ids.every((id) => /^[0-9a-f]{48}$/.test(id))).toBe(true);
    expect(new Set(ids).size).toBe(2_000);
  });
});

describe('randomId48', () => {
  it('returns safe integers of 48 bits', () => {
    const ids = Array.from({ length: 2_000 }, randomId48);
    expect(ids.every((id) => Number.isSafeInteger(id) && id >= 0 && id < 2 ** 48)).toBe(true);
    expect(new Set(ids).size).toBe(2_000);
  });
});
