/**
 * Chooses a worker for each request: a score of weighted signals for each candidate, then a weighted random choice among the best, so
 * that several routers that know the same do not all choose the same worker. It has no clock and reads no network: everything that it
 * knows, it is told.
 */
import { rendezvousWeight } from './rendezvous.ts';
import { PrefixIndex } from './prefix-index.ts';
import { SIGNAL_NAMES, signals } from './signals.ts';
import type { Candidate, PlacementRequest, Signal, SignalName, Situation } from './signals.ts';
import { WorkerMemory } from './worker-memory.ts';

export interface SchedulerOptions {
  /** Weights that differ from those of the signals. */
  readonly weights?: Partial<Record<SignalName, number>>;
  /** Share of the requests that are placed on any candidate, to learn of workers that are not chosen otherwise. Default 0.01. */
  readonly exploration?: number;
  /** Candidates whose score is lower than the best one by at most this share are equally good. Default 0.01. */
  readonly tolerance?: number;
  /** Blocks that are remembered of each worker. Default 16,384. */
  readonly prefixBlocksMax?: number;
  /** Uniform from 0 to 1. Default `Math.random`. */
  readonly random?: () => number;
}

/** A candidate, and why it has its score. */
export interface ScoredCandidate {
  readonly workerId: string;
  readonly score: number;
  readonly values: Readonly<Record<SignalName, number>>;
  readonly cachedTokens: number;
  readonly firstTokenMs: number;
}

export interface Decision {
  readonly workerId: string;
  readonly reason: 'best' | 'exploration' | 'only';
  /** The one that was chosen, and the best others, best first; at most eight. */
  readonly candidates: readonly ScoredCandidate[];
}

/** More would make an explanation longer, and each decision slower. */
const EXPLAINED_MAX = 8;

interface Placed {
  readonly workerId: string;
  /** Blocks of its prompt that the worker was expected to have. */
  readonly cachedBlocks: number;
  readonly blockTokens: number;
}

export class Scheduler {
  readonly #weighted: readonly (readonly [Signal['value'], number])[];
  readonly #exploration: number;
  readonly #tolerance: number;
  readonly #random: () => number;
  readonly #prefixes: PrefixIndex;
  readonly #memories = new Map<string, WorkerMemory>();
  readonly #placed = new Map<string, Placed>();

  constructor(options: SchedulerOptions = {}) {
    const {
      weights = {},
      exploration = 0.01,
      tolerance = 0.01,
      prefixBlocksMax = 16_384,
      random = Math.random,
    } = options;
    this.#weighted = SIGNAL_NAMES.map((name) => [signals[name].value, weights[name] ?? signals[name].weight]);
    this.#exploration = exploration;
    this.#tolerance = tolerance;
    this.#random = random;
    this.#prefixes = new PrefixIndex(prefixBlocksMax);
  }

  /** @param candidates at least one. */
  choose(request: PlacementRequest, candidates: readonly Candidate[]): Decision {
    const situations = this.#situationsOf(request, candidates);
    const scores = situations.map((situation) => this.#scoreOf(situation));
    const [at, reason] = this.#pick(scores);
    const best = [...scores.keys()].toSorted((a, b) => (scores[b] as number) - (scores[a] as number));
    const explained = best.slice(0, EXPLAINED_MAX);
    if (!explained.includes(at)) explained.splice(-1, 1, at);
    return {
      workerId: (candidates[at] as Candidate).workerId,
      reason,
      candidates: explained.map((each) => explanationOf(situations[each] as Situation, scores[each] as number)),
    };
  }

  /** The worker got the request. */
  place(leaseId: string, workerId: string, request: PlacementRequest): void {
    const { projectId, promptTokens, prefix, blockTokens } = request;
    const uncachedTokens = promptTokens - this.#cachedTokens(workerId, request);
    const cachedBlocks = this.#prefixes.matching(workerId, prefix);
    this.memoryOf(workerId).place(leaseId, { workerId, projectId, uncachedTokens });
    this.#prefixes.add(workerId, prefix);
    this.#placed.set(leaseId, { workerId, cachedBlocks, blockTokens });
  }

  /** @param cachedTokens of the prompt, as the engine reports it. Absent if it does not. */
  begin(leaseId: string, firstTokenMs: number, cachedTokens?: number): void {
    const placed = this.#placed.get(leaseId);
    if (placed === undefined) return;
    const { workerId, cachedBlocks, blockTokens } = placed;
    this.memoryOf(workerId).begin(leaseId, firstTokenMs);
    // Engines compute the last token in any case, and the blocks of some are larger.
    if (cachedTokens !== undefined)
      this.#prefixes.learn(workerId, cachedBlocks, Math.ceil((cachedTokens + 1) / blockTokens));
  }

  end(leaseId: string, tokenMs?: number): void {
    const placed = this.#placed.get(leaseId);
    if (placed === undefined) return;
    this.#placed.delete(leaseId);
    this.memoryOf(placed.workerId).end(leaseId, tokenMs);
  }

  removeWorker(workerId: string): void {
    this.#memories.delete(workerId);
    this.#prefixes.removeWorker(workerId);
  }

  memoryOf(workerId: string): WorkerMemory {
    let memory = this.#memories.get(workerId);
    if (memory === undefined) this.#memories.set(workerId, (memory = new WorkerMemory()));
    return memory;
  }

  #situationsOf(request: PlacementRequest, candidates: readonly Candidate[]): Situation[] {
    const home = homeOf(request, candidates);
    let [firstTokenMsMin, nextTokenMsMin] = [Infinity, Infinity];
    const situations = candidates.map((worker) => {
      const memory = this.memoryOf(worker.workerId);
      const cachedTokens = this.#cachedTokens(worker.workerId, request);
      const firstTokenMs = memory.firstToken.at(memory.pendingTokens + request.promptTokens - cachedTokens);
      const nextTokenMs = memory.nextToken.at(worker.used + 1);
      if (firstTokenMs < firstTokenMsMin) firstTokenMsMin = firstTokenMs;
      if (nextTokenMs < nextTokenMsMin) nextTokenMsMin = nextTokenMs;
      // Not spread from parts, which takes several times as long: there is one for each worker and request.
      // prettier-ignore
      return { request, worker, memory, cachedTokens, firstTokenMs, nextTokenMs, isHome: worker === home, firstTokenMsMin: 0, nextTokenMsMin: 0 };
    });
    for (const situation of situations) {
      situation.firstTokenMsMin = firstTokenMsMin;
      situation.nextTokenMsMin = nextTokenMsMin;
    }
    return situations;
  }

  #scoreOf(situation: Situation): number {
    let score = 0;
    for (const [value, weight] of this.#weighted) score += weight * value(situation);
    return score;
  }

  /** Returns the position of the one that is chosen. */
  #pick(scores: readonly number[]): [number, Decision['reason']] {
    if (scores.length === 1) return [0, 'only'];
    if (this.#random() < this.#exploration) return [Math.floor(this.#random() * scores.length), 'exploration'];
    return [this.#sample(scores), 'best'];
  }

  /**
   * Weighted random sampling of one of the best (A-Res of Efraimidis and Spirakis, 2006): the largest `u^(1/w)`, where the weight is the
   * score above what is tolerated.
   */
  #sample(scores: readonly number[]): number {
    let best = -Infinity;
    for (const score of scores) best = Math.max(best, score);
    const least = best * (1 - this.#tolerance);
    let [picked, largest] = [0, -1];
    for (const [at, score] of scores.entries()) {
      if (score < least) continue;
      const key = this.#random() ** (1 / (score - least + Number.EPSILON));
      if (key > largest) [picked, largest] = [at, key];
    }
    return picked;
  }

  #cachedTokens(workerId: string, { prefix, blockTokens, promptTokens }: PlacementRequest): number {
    return Math.min(promptTokens, this.#prefixes.matching(workerId, prefix) * blockTokens);
  }
}

function explanationOf(situation: Situation, score: number): ScoredCandidate {
  const { worker, cachedTokens, firstTokenMs } = situation;
  const values = SIGNAL_NAMES.map((name) => [name, signals[name].value(situation)]);
  return {
    ...{ workerId: worker.workerId, score, cachedTokens, firstTokenMs },
    values: Object.fromEntries(values) as ScoredCandidate['values'],
  };
}

function homeOf({ affinityKey }: PlacementRequest, candidates: readonly Candidate[]): Candidate | undefined {
  if (affinityKey === undefined) return undefined;
  const weight = ({ workerId }: Candidate): number => rendezvousWeight(affinityKey, workerId);
  return candidates.reduce((best, next) => (weight(next) > weight(best) ? next : best));
}
