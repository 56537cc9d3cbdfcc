import {
  addedP50Ms,
  CHAT_PHASE,
  cpuPerMillionTokens,
  failures,
  lostTokens,
  peakConcurrency,
  peakMemoryMb,
  requestsPerSecond,
} from './summary.ts';
import type { Summary } from './summary.ts';
import type { Spread } from './statistics.ts';

type AimVerdict = 'pass' | 'miss' | 'not measured';

/** One aim of the platform, the measured value, and the verdict. Medians decide; for losses the worst round does. */
export interface AimResult {
  aim: string;
  measured: string;
  verdict: AimVerdict;
}

/** Aims are ratios to other systems in the same run wherever possible: machines differ, ratios much less. */
export function judgeAims(summary: Summary): AimResult[] {
  return [
    atLeast(
      'Requests/s at 64 connections, times Portkey',
      5,
      summary.ratio('xerotier', 'portkey', 'requests-64', requestsPerSecond),
      '',
    ),
    atLeast(
      'Requests/s at 64 connections, times nginx',
      0.2,
      summary.ratio('xerotier', 'nginx', 'requests-64', requestsPerSecond),
      '',
    ),
    atMost('Added p50 at one connection', 1.5, summary.reading('xerotier', 'requests-1', addedP50Ms), ' ms'),
    atMost(
      'Added p50 of a response that is not stored, over a chat completion',
      1,
      summary.reading('xerotier', 'responses-1', summary.addedTo(CHAT_PHASE)),
      ' ms',
    ),
    atMost(
      'Added p50 of a stored response, over a chat completion',
      4,
      summary.reading('xerotier', 'stored-responses-1', summary.addedTo(CHAT_PHASE)),
      ' ms',
    ),
    atMost(
      'CPU per streamed token at 400 paced streams, times nginx',
      1.5,
      summary.ratio('xerotier', 'nginx', 'streams-400', cpuPerMillionTokens),
      '',
    ),
    noLoss(summary),
    atMost('Gateway memory at 1,000 streams', 250, summary.reading('xerotier', 'streams-1000', peakMemoryMb), ' MB'),
  ];
}

function atLeast(what: string, limit: number, measured: Spread | undefined, unit: string): AimResult {
  return judged(`${what}: at least ${limit}${unit}`, measured, unit, (value) => value >= limit);
}

function atMost(what: string, limit: number, measured: Spread | undefined, unit: string): AimResult {
  return judged(`${what}: at most ${limit}${unit}`, measured, unit, (value) => value <= limit);
}

function judged(aim: string, measured: Spread | undefined, unit: string, holds: (value: number) => boolean): AimResult {
  if (measured === undefined) return { aim, measured: '–', verdict: 'not measured' };
  const text = `${measured.median.toFixed(2)} (${measured.min.toFixed(2)}–${measured.max.toFixed(2)})${unit}`;
  return { aim, measured: text, verdict: holds(measured.median) ? 'pass' : 'miss' };
}

function noLoss(summary: Summary): AimResult {
  const aim = '1,000 paced streams at once on one gateway process: no failed stream and no lost token';
  const phase = 'streams-1000';
  const failed = summary.reading('xerotier', phase, failures);
  const lost = summary.reading('xerotier', phase, lostTokens);
  const atOnce = summary.reading('xerotier', phase, peakConcurrency);
  if (failed === undefined || lost === undefined || atOnce === undefined)
    return { aim, measured: '–', verdict: 'not measured' };
  const holds = failed.max === 0 && lost.max === 0 && atOnce.min >= 1_000;
  return {
    aim,
    measured: `worst round: ${failed.max} failed, ${lost.max} tokens lost, ${atOnce.min} at once`,
    verdict: holds ? 'pass' : 'miss',
  };
}
