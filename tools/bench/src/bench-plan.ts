import type { RequestsSpec, StreamsSpec } from './load-spec.ts';

/** One thing that is measured of every target in every round. */
export type Phase = { name: string } & (RequestsSpec | StreamsSpec);

/** What one run does: how often, and each phase's load. */
export interface BenchPlan {
  rounds: number;
  /** Loads that each target gets before the first round and that are not counted. */
  warmUp: Phase[];
  phases: Phase[];
}

/** Long enough for a stream to have a middle, short enough for a round to end: 128 tokens, one per 20 ms. */
const paced = { tokens: 128, delayMs: 20, readPauseMs: 200 };
const replyTokens = 16;

export function requestPhase(connections: number, durationMs: number): Phase {
  return { name: `requests-${connections}`, kind: 'requests', connections, durationMs, tokens: replyTokens };
}

/** Streams follow each other on every connection for about `durationMs`, and at least one runs to its end. */
export function streamPhase(concurrency: number, durationMs: number): Phase {
  const streamsEach = Math.max(1, Math.round(durationMs / (paced.tokens * paced.delayMs)));
  return { name: `streams-${concurrency}`, kind: 'streams', concurrency, streamsEach, rampMs: 1_000, ...paced };
}

export function fullPlan(rounds: number, seconds: number): BenchPlan {
  const durationMs = seconds * 1_000;
  return {
    rounds,
    warmUp: [requestPhase(16, Math.min(2_000, durationMs)), shortStreams(100, 64)],
    phases: [
      ...[1, 16, 64].map((connections) => requestPhase(connections, durationMs)),
      ...[400, 1_000].map((concurrency) => streamPhase(concurrency, durationMs)),
    ],
  };
}

/** The same with some of its loads. Throws an Error that names the one that there is not. */
export function withPhases(plan: BenchPlan, names: readonly string[]): BenchPlan {
  const unknown = names.find((name) => !plan.phases.some((phase) => phase.name === name));
  if (unknown !== undefined)
    throw new Error(`--phases: there is no "${unknown}"; known are ${plan.phases.map(({ name }) => name).join(', ')}`);
  return { ...plan, phases: plan.phases.filter(({ name }) => names.includes(name)) };
}

/** Everything once and tiny, to see that it works. */
export function selfCheckPlan(): BenchPlan {
  return { rounds: 1, warmUp: [], phases: [requestPhase(1, 200), requestPhase(8, 200), shortStreams(20, 32)] };
}

function shortStreams(concurrency: number, tokens: number): Phase {
  return {
    name: `streams-${concurrency}`,
    kind: 'streams',
    concurrency,
    streamsEach: 1,
    tokens,
    delayMs: 10,
    rampMs: 100,
    readPauseMs: 50,
  };
}
