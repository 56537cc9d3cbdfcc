import type { RequestsSpec, StreamsSpec } from './load-spec.ts';
import type { TargetName } from './targets/target.ts';

/** A load that is measured for every target in every round. */
export type Phase = { name: string } & (RequestsSpec | StreamsSpec);

/** The plan of a run: the number of rounds, and the load of each phase. */
export interface BenchPlan {
  rounds: number;
  /** Unmeasured loads for each target before the first round. */
  warmUp: Phase[];
  phases: Phase[];
}

/** 128 tokens, one per 20 ms: long enough for a steady state, short enough for a round. */
const paced = { tokens: 128, delayMs: 20, readPauseMs: 200 };
const completionTokens = 16;

export function requestPhase(connections: number, durationMs: number): Phase {
  return { name: `requests-${connections}`, kind: 'requests', connections, durationMs, tokens: completionTokens };
}

/** By default one connection, since what a response adds to a chat completion is looked for, not what the machine can take. */
function responsePhase(store: boolean, durationMs: number, connections = 1): Phase {
  const name = `${store ? 'stored-' : ''}responses-${connections}`;
  return { ...requestPhase(connections, durationMs), name, responses: { store } } as Phase;
}

/** Whether a target has what a phase asks for. */
export function isFor(phase: Phase, target: TargetName): boolean {
  return target === 'xerotier' || phase.kind !== 'requests' || phase.responses === undefined;
}

/** Streams follow each other on every connection for about `durationMs`; at least one runs to its end. */
export function streamPhase(concurrency: number, durationMs: number): Phase {
  const streamsEach = Math.max(1, Math.round(durationMs / (paced.tokens * paced.delayMs)));
  return { name: `streams-${concurrency}`, kind: 'streams', concurrency, streamsEach, rampMs: 1_000, ...paced };
}

export function fullPlan(rounds: number, seconds: number): BenchPlan {
  const durationMs = seconds * 1_000;
  const warmUpMs = Math.min(2_000, durationMs);
  return {
    rounds,
    warmUp: [
      requestPhase(16, warmUpMs),
      ...[false, true].map((store) => responsePhase(store, warmUpMs, 16)),
      shortStreams(100, 64),
    ],
    phases: [
      ...[1, 16, 64].map((connections) => requestPhase(connections, durationMs)),
      ...[false, true].map((store) => responsePhase(store, durationMs)),
      ...[400, 1_000].map((concurrency) => streamPhase(concurrency, durationMs)),
    ],
  };
}

/** Restricts a plan to some of its phases. Throws an Error that names an unknown one. */
export function withPhases(plan: BenchPlan, names: readonly string[]): BenchPlan {
  const unknown = names.find((name) => !plan.phases.some((phase) => phase.name === name));
  if (unknown !== undefined)
    throw new Error(
      `--phases: unknown phase "${unknown}", expected one of ${plan.phases.map(({ name }) => name).join(', ')}`,
    );
  return { ...plan, phases: plan.phases.filter(({ name }) => names.includes(name)) };
}

/** A tiny plan that runs everything once, to check that it works. */
export function selfCheckPlan(): BenchPlan {
  return {
    rounds: 1,
    warmUp: [],
    phases: [requestPhase(1, 200), requestPhase(8, 200), responsePhase(true, 200), shortStreams(20, 32)],
  };
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
