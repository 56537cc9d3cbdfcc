/** How fast a batch is, and when it will be complete. */
import type { StoredBatch } from '@xerotier/contracts/batch';
import type { Batch } from './batch.entity.ts';

/** How many lines were done at a time, in Unix milliseconds. */
export interface RateSample {
  readonly at: number;
  readonly lines: number;
}

/** The rate is measured from the one before last, which is older than one interval when a batch has run for two. */
export type RateSamples = readonly [RateSample, RateSample];

const INTERVAL_MS = 30_000;
/** Below it, a rate is a matter of chance. */
const MEASURED_MS_MIN = 5_000;
/** Without results for so long, a batch has no rate. */
const STALLED_MS = 10 * 60_000;

/** Returns the samples after lines have become done: new ones every half a minute. */
export function samplesWith(samples: RateSamples | null, lines: number, now = Date.now()): RateSamples {
  const sample = { at: now, lines };
  // Another process may have an earlier time.
  if (samples === null || now < samples[1].at) return [sample, sample];
  return now - samples[1].at < INTERVAL_MS ? samples : [samples[1], sample];
}

type Measured = Pick<
  Batch,
  'status' | 'pausedAt' | 'expiresAt' | 'samples' | 'linesTotal' | 'linesCompleted' | 'linesFailed'
>;

/** Undefined if the batch runs no lines, or its rate is not known yet. */
export function progressOf(
  { status, pausedAt, expiresAt, samples, linesTotal, ...lines }: Measured,
  now = Date.now(),
): StoredBatch['progress'] {
  if (status !== 'in_progress' || pausedAt !== null || expiresAt.getTime() <= now || samples === null) return undefined;
  const [first, last] = samples;
  if (now - last.at > STALLED_MS) return { linesPerSecond: 0 };
  const measuredMs = now - first.at;
  if (measuredMs < MEASURED_MS_MIN) return undefined;
  const done = lines.linesCompleted + lines.linesFailed;
  const perMs = (done - first.lines) / measuredMs;
  const linesPerSecond = Number((perMs * 1_000).toPrecision(3));
  return perMs > 0
    ? { linesPerSecond, expectedAt: Math.round(now + (linesTotal - done) / perMs) }
    : { linesPerSecond: 0 };
}
