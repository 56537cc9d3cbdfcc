/**
 * The signals of which the score of a worker consists: each is between 0 (bad) and 1 (good), and counts as much as its weight. They say
 * how good a worker is for one request; what a worker must not serve is filtered before.
 */
import type { WorkerMemory } from './worker-memory.ts';

export interface LatencyTargets {
  readonly firstTokenMs?: number | undefined;
  readonly nextTokenMs?: number | undefined;
}

/** A request that is to be placed. */
export interface PlacementRequest {
  readonly projectId: string;
  readonly promptTokens: number;
  /** Hashes of the blocks of the prompt, each of which covers everything before its block. */
  readonly prefix: readonly number[];
  readonly blockTokens: number;
  /** `prompt_cache_key`, hashed with its project. */
  readonly affinityKey?: string | undefined;
  readonly targets?: LatencyTargets | undefined;
  readonly region?: string | undefined;
  /** `service_tier` of the request. */
  readonly serviceTier?: 'priority' | 'default' | 'flex' | undefined;
}

/** A worker with a free slot that may serve the request. */
export interface Candidate {
  readonly workerId: string;
  readonly slots: number;
  readonly used: number;
  /** Share of its latest generations that its engine failed; 0 to 1. */
  readonly failureRate: number;
  readonly heartbeatAgeMs: number;
  /** Since it has joined, or its engine came back. */
  readonly availableForMs: number;
  /** Whether the model is in its memory. */
  readonly isLoaded: boolean;
  /** Whether it belongs to the project of the request. */
  readonly isOwn: boolean;
  readonly region?: string | undefined;
  /** Share of the memory for the KV cache that requests use. Absent if the engine does not report it. */
  readonly kvUsage?: number | undefined;
  /** Requests that wait in the engine. */
  readonly waiting?: number | undefined;
  /** Relative price of a token, 1 for the cheapest worker. */
  readonly cost?: number | undefined;
}

/** All that signals are computed from. */
export interface Situation {
  readonly request: PlacementRequest;
  readonly worker: Candidate;
  readonly memory: WorkerMemory;
  /** Tokens at the beginning of the prompt that the worker has in its cache. */
  readonly cachedTokens: number;
  /** Expected time to the first token on this worker, and the shortest of all candidates. */
  readonly firstTokenMs: number;
  readonly firstTokenMsMin: number;
  readonly nextTokenMs: number;
  readonly nextTokenMsMin: number;
  /** Whether it is the first choice for the `prompt_cache_key` of the request. */
  readonly isHome: boolean;
}

export interface Signal {
  readonly weight: number;
  /** What it says, for the documentation. */
  readonly meaning: string;
  readonly formula: string;
  readonly value: (situation: Situation) => number;
}

/** A heartbeat that is older than this says nothing any more. */
const HEARTBEAT_MS = 3_000;
/** A worker gets its full share of requests so long after it has joined. */
const WARM_UP_MS = 30_000;
/** Above this rate the worker is at fault, not a few unusual requests. */
const FAILURE_RATE_MAX = 0.2;
/** vLLM begins to interrupt requests when its cache is full. */
const KV_USAGE_FREE = 0.8;

export const signals = {
  affinity: {
    weight: 4,
    meaning: 'The model is in the memory of the worker.',
    formula: '1 if loaded, else 0',
    value: ({ worker }) => Number(worker.isLoaded),
  },
  prefix: {
    weight: 2,
    meaning: 'How much of the prompt the worker has in its cache.',
    formula: 'cached tokens / tokens of the prompt',
    value: ({ request, cachedTokens }) => share(cachedTokens, request.promptTokens),
  },
  first_token: {
    weight: 2,
    meaning: 'Expected time to the first token, compared with the best worker.',
    formula: 'best / expected; 0 beyond the target of the request',
    value: ({ request, firstTokenMs, firstTokenMsMin }) =>
      compared(firstTokenMs, firstTokenMsMin, request.targets?.firstTokenMs),
  },
  next_token: {
    weight: 1,
    meaning: 'Expected time of each further token, compared with the best worker.',
    formula: 'best / expected; 0 beyond the target of the request',
    value: ({ request, nextTokenMs, nextTokenMsMin }) =>
      compared(nextTokenMs, nextTokenMsMin, request.targets?.nextTokenMs),
  },
  load: {
    weight: 6,
    meaning: 'Free slots of the worker.',
    formula: '1 - used / slots',
    value: ({ worker: { used, slots } }) => 1 - share(used, slots),
  },
  queue: {
    weight: 1,
    meaning: 'Requests that wait in the engine, although it has given away their slots.',
    formula: '1 / (1 + waiting)',
    value: ({ worker: { waiting = 0 } }) => 1 / (1 + waiting),
  },
  pressure: {
    weight: 2,
    meaning: 'Memory of the engine for the KV cache: when it is full, requests are interrupted and computed again.',
    formula: '1 up to a usage of 0.8, then falling to 0 at 1',
    value: ({ worker: { kvUsage = 0 } }) => clamped((1 - kvUsage) / (1 - KV_USAGE_FREE)),
  },
  session: {
    weight: 2,
    meaning: 'Requests with the same `prompt_cache_key` stay together.',
    formula: '1 on the first worker of the key by rendezvous hashing, and for requests without a key, else 0',
    value: ({ request, isHome }) => Number(request.affinityKey === undefined || isHome),
  },
  errors: {
    weight: 3,
    meaning: 'Generations that the engine failed lately.',
    formula: '1 - failure rate / 0.2, at least 0',
    value: ({ worker: { failureRate } }) => clamped(1 - failureRate / FAILURE_RATE_MAX),
  },
  freshness: {
    weight: 1,
    meaning: 'Age of the last heartbeat.',
    formula: '1 - age / 3 s, at least 0',
    value: ({ worker: { heartbeatAgeMs } }) => clamped(1 - heartbeatAgeMs / HEARTBEAT_MS),
  },
  warm_up: {
    weight: 1,
    meaning: 'A worker that has just joined gets its share step by step.',
    formula: 'time since it has joined / 30 s, at most 1',
    value: ({ worker: { availableForMs } }) => clamped(availableForMs / WARM_UP_MS),
  },
  region: {
    weight: 1,
    meaning: 'The worker is in the region of the request.',
    formula: '1 if so, or if either is unknown, else 0',
    value: ({ request, worker }) =>
      Number(request.region === undefined || worker.region === undefined || request.region === worker.region),
  },
  ownership: {
    weight: 3,
    meaning: 'Workers of the project come before shared ones.',
    formula: '1 for a worker of the project, else 0',
    value: ({ worker }) => Number(worker.isOwn),
  },
  fair_share: {
    weight: 1,
    meaning: 'The requests of a project spread over the workers, so that it fills none alone.',
    formula: '1 - slots of the project / slots',
    value: ({ request, worker, memory }) => 1 - share(memory.runningOf(request.projectId), worker.slots),
  },
  hint: {
    weight: 1,
    meaning: '`service_tier`: `priority` prefers idle workers, `flex` busy and cheap ones.',
    formula: 'priority: 1 - used / slots; flex: 1 / cost; else 1',
    value: ({ request: { serviceTier }, worker: { used, slots, cost = 1 } }) => {
      if (serviceTier === 'priority') return 1 - share(used, slots);
      return serviceTier === 'flex' ? 1 / Math.max(1, cost) : 1;
    },
  },
} satisfies Record<string, Signal>;

export type SignalName = keyof typeof signals;
export const SIGNAL_NAMES = Object.keys(signals) as SignalName[];

function share(part: number, whole: number): number {
  return whole <= 0 ? 0 : clamped(part / whole);
}

function clamped(value: number): number {
  return Number.isFinite(value) ? Math.min(1, Math.max(0, value)) : 0;
}

function compared(expected: number, best: number, target: number | undefined): number {
  if (target !== undefined && expected > target) return 0;
  return expected <= 0 ? 1 : clamped(best / expected);
}
