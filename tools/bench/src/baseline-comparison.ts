import { addedP50Ms, cpuPerMillionTokens, cpuPerRequest, peakMemoryMb, requestsPerSecond } from './summary.ts';
import type { Summary } from './summary.ts';
import type { Spread } from './statistics.ts';

/** One measure of this platform, as a multiple of the baseline's in the same round. */
export interface ComparisonRow {
  measure: string;
  ratio: Spread;
}

/** Compares this platform with the other checkout; empty when none was measured. */
export function compareWithBaseline(summary: Summary): ComparisonRow[] {
  return measures.flatMap(([measure, phase, read]) => {
    const ratio = summary.ratio('xerotier', 'baseline', phase, read);
    return ratio === undefined ? [] : [{ measure, ratio }];
  });
}

const connections = [1, 16, 64];
const measures = [
  ...connections.map((count) => [`Requests/s, ${count} at once`, `requests-${count}`, requestsPerSecond] as const),
  ...connections.map((count) => [`CPU per request, ${count} at once`, `requests-${count}`, cpuPerRequest] as const),
  ['Added p50, 1 at once', 'requests-1', addedP50Ms] as const,
  ['CPU per token, 400 streams', 'streams-400', cpuPerMillionTokens] as const,
  ['CPU per token, 1,000 streams', 'streams-1000', cpuPerMillionTokens] as const,
  ['Memory, 1,000 streams', 'streams-1000', peakMemoryMb] as const,
];
