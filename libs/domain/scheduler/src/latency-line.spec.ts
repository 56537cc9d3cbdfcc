import fc from 'fast-check';
import { LatencyLine } from './latency-line.ts';

const PRIOR = { baseMs: 20, perUnitMs: 0.1 };

describe('LatencyLine', () => {
  it('begins with what it is told', () => {
    expect(new LatencyLine(PRIOR).at(1_000)).toBe(120);
  });

  it('learns an engine of another speed', () => {
    const line = new LatencyLine(PRIOR);
    for (let at = 0; at < 200; at += 1) line.observe((at * 37) % 4_000, 50 + 0.4 * ((at * 37) % 4_000));
    expect(line.at(0)).toBeCloseTo(50, -1);
    expect(line.at(2_000) / 850).toBeCloseTo(1, 1);
  });

  it('follows an engine that becomes slower', () => {
    const line = new LatencyLine(PRIOR);
    for (let at = 0; at < 100; at += 1) line.observe(100 * (at % 10), 20 + 10 * (at % 10));
    for (let at = 0; at < 150; at += 1) line.observe(100 * (at % 10), 200 + 100 * (at % 10));
    expect(line.at(500) / 700).toBeCloseTo(1, 1);
  });

  it('knows the level only, while all observations are of the same work', () => {
    const line = new LatencyLine(PRIOR);
    for (let at = 0; at < 500; at += 1) line.observe(1_000, 220);
    expect(line.at(1_000)).toBeCloseTo(219, 0);
    expect(line.at(2_000)).toBeCloseTo(319, 0);
  });

  it('is finite, never negative, and never falls with more work', () => {
    const observation = fc.tuple(fc.integer({ min: 0, max: 200_000 }), fc.double({ min: 0, max: 1e6, noNaN: true }));
    fc.assert(
      fc.property(fc.array(observation, { maxLength: 50 }), (observations) => {
        const line = new LatencyLine(PRIOR);
        for (const [units, ms] of observations) line.observe(units, ms);
        const expected = [0, 1, 100, 10_000, 1_000_000].map((units) => line.at(units));
        for (const each of expected) expect(each).toBeGreaterThanOrEqual(0);
        expect(expected.every(Number.isFinite)).toBe(true);
        expect(expected).toEqual(expected.toSorted((a, b) => a - b));
      }),
    );
  });
});
