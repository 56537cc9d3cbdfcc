import fc from 'fast-check';
import { progressOf, samplesWith } from './progress.ts';
import type { RateSamples } from './progress.ts';

const START = 1_796_420_000_000;
const HOUR_MS = 3_600_000;

const running = {
  ...({ status: 'in_progress', pausedAt: null, expiresAt: new Date(START + 24 * HOUR_MS) } as const),
  ...{ samples: null as RateSamples | null, linesTotal: 1_000, linesCompleted: 0, linesFailed: 0 },
};

/** A batch that has kept one line every so many milliseconds for so long. */
function after(ms: number, everyMs: number, before: typeof running = running, start = START): typeof running {
  let batch = before;
  for (let at = everyMs; at <= ms; at += everyMs) {
    const linesCompleted = batch.linesCompleted + 1;
    batch = { ...batch, linesCompleted, samples: samplesWith(batch.samples, linesCompleted, start + at) };
  }
  return batch;
}

describe('the progress of a batch', () => {
  it('is the rate of the last minute, and what is left at that rate', () => {
    const batch = after(200_000, 1_000);
    expect(progressOf(batch, START + 200_000)).toEqual({ linesPerSecond: 1, expectedAt: START + 1_000_000 });
    const faster = after(100_000, 200, batch, START + 200_000);
    expect(progressOf(faster, START + 300_000)).toEqual({ linesPerSecond: 5, expectedAt: START + 360_000 });
  });

  it('sinks when no results come, and is zero after a while', () => {
    const batch = after(200_000, 1_000);
    const rates = [1, 10, 100, 599].map((s) => progressOf(batch, START + 200_000 + s * 1_000)?.linesPerSecond);
    expect(rates).toEqual(rates.toSorted((a = 0, b = 0) => b - a));
    expect(progressOf(batch, START + 2 * HOUR_MS)).toEqual({ linesPerSecond: 0 });
  });

  it.each<[string, Partial<Parameters<typeof progressOf>[0]>]>([
    ['is validated', { status: 'validating' }],
    ['is paused', { pausedAt: new Date(START) }],
    ['is finalized', { status: 'finalizing' }],
    ['is cancelled', { status: 'cancelling' }],
    ['is at the end of its window', { expiresAt: new Date(START + 200_000) }],
    ['has no results yet', { samples: null }],
  ])('is unknown while it %s', (_, values) => {
    const batch = after(200_000, 1_000);
    expect(progressOf(batch, START + 200_000)).toBeDefined();
    expect(progressOf({ ...batch, ...values }, START + 200_000)).toBeUndefined();
  });

  it('is unknown for the first seconds', () => {
    const batch = after(3_000, 500);
    expect(progressOf(batch, START + 5_400)).toBeUndefined();
    expect(progressOf(batch, START + 5_500)).toMatchObject({ linesPerSecond: 1 });
  });

  it('is measured anew by a process with an earlier time', () => {
    const samples = samplesWith(after(200_000, 1_000).samples, 201, START);
    expect(samples).toEqual([samples[0], samples[0]]);
    expect(samples[0]).toEqual({ at: START, lines: 201 });
  });

  it('is a finite number and a time to come, whenever results are kept and whoever asks', () => {
    const steps = fc.array(fc.record({ ms: fc.integer({ min: -100_000, max: 2_000_000 }), lines: fc.nat(50) }), {
      maxLength: 20,
    });
    fc.assert(
      fc.property(steps, fc.integer({ min: -1_000_000, max: 10_000_000 }), (given, askedMs) => {
        let [now, batch] = [START, running];
        for (const { ms, lines } of given) {
          now += ms;
          const linesCompleted = Math.min(batch.linesTotal, batch.linesCompleted + lines);
          batch = { ...batch, linesCompleted, samples: samplesWith(batch.samples, linesCompleted, now) };
        }
        const progress = progressOf(batch, now + askedMs);
        if (progress === undefined) return;
        expect(Number.isFinite(progress.linesPerSecond) && progress.linesPerSecond >= 0).toBe(true);
        if (progress.expectedAt === undefined) return;
        expect(Number.isSafeInteger(progress.expectedAt) && progress.expectedAt >= now + askedMs).toBe(true);
      }),
    );
  });
});
