/** A measure over all rounds: the median is the result, the extremes show its reliability. */
export interface Spread {
  median: number;
  min: number;
  max: number;
}

/** Returns nearest-rank percentiles; NaN without values. The input need not be sorted. */
export function percentiles(values: readonly number[], percents: readonly number[]): number[] {
  const ordered = sorted(values);
  return percents.map((percent) => percentileOfSorted(ordered, percent));
}

/** Returns the middle value, or the mean of the two middle ones; NaN without values. */
export function median(values: readonly number[]): number {
  const ordered = sorted(values);
  const middle = ordered.length >> 1;
  const upper = ordered[middle] ?? Number.NaN;
  return ordered.length % 2 === 1 ? upper : (upper + (ordered[middle - 1] ?? Number.NaN)) / 2;
}

/** Returns median, minimum and maximum; undefined without values. */
export function spread(values: readonly number[]): Spread | undefined {
  if (values.length === 0) return undefined;
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

function sorted(values: readonly number[]): Float64Array {
  return Float64Array.from(values).sort();
}

function percentileOfSorted(ordered: Float64Array, percent: number): number {
  const rank = Math.ceil((percent / 100) * ordered.length);
  return ordered[Math.max(0, rank - 1)] ?? Number.NaN;
}
