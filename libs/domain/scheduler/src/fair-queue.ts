/**
 * The order of requests that wait for a slot of a model. Classes of work come one after another, but none starves: each has a floor.
 * Within a class, projects get their turn by the tokens that they were served (virtual token counter: Sheng et al., "Fairness in Serving
 * Large Language Models", OSDI 2024), and a project's own requests in the order in which they came.
 */

export type WorkClass = 'interactive' | 'agent' | 'background' | 'batch';

/** In their order. The floors are shares of the tokens that are served while requests of the class wait. */
export const CLASS_FLOORS: Readonly<Record<WorkClass, number>> = {
  interactive: 0,
  agent: 0.1,
  background: 0.05,
  batch: 0.05,
};
const CLASSES = Object.keys(CLASS_FLOORS) as WorkClass[];
/** The shares of classes are those of about so many tokens. */
const FLOOR_WINDOW_TOKENS = 100_000;
/** A token that is written takes an engine longer than one that is read; the weights of the paper. */
const OUTPUT_WEIGHT = 2;
/** From so many projects on, those are forgotten that are not ahead. */
const COUNTERS_MAX = 1_000;

export interface WaitingRequest {
  readonly projectId: string;
  readonly workClass: WorkClass;
  /** Of the project, above 0: one with weight 2 gets twice the tokens of one with weight 1. */
  readonly weight: number;
  readonly promptTokens: number;
  /** Expected. What was really written is settled when the request has ended. */
  readonly outputTokens: number;
}

/** What a request counts. */
export function workOf({ promptTokens, outputTokens }: Pick<WaitingRequest, 'promptTokens' | 'outputTokens'>): number {
  return promptTokens + OUTPUT_WEIGHT * outputTokens;
}

export class FairQueue<T extends WaitingRequest> {
  readonly #waiting: Record<WorkClass, Map<string, T[]>>;
  /** Work of each project divided by its weight. */
  readonly #counters = new Map<string, number>();
  readonly #served: Record<WorkClass, number> = { interactive: 0, agent: 0, background: 0, batch: 0 };
  #lastServed = '';
  #size = 0;

  constructor() {
    this.#waiting = { interactive: new Map(), agent: new Map(), background: new Map(), batch: new Map() };
  }

  get size(): number {
    return this.#size;
  }

  /** Projects that are remembered. */
  get counters(): number {
    return this.#counters.size;
  }

  add(request: T): void {
    const { projectId, workClass } = request;
    if (!this.#isWaiting(projectId)) this.#lift(projectId);
    const own = this.#waiting[workClass].get(projectId);
    if (own === undefined) this.#waiting[workClass].set(projectId, [request]);
    else own.push(request);
    this.#size += 1;
  }

  /** Removes and returns the request whose turn it is of those that are admitted now, and charges its project. */
  take(admits: (request: T) => boolean = () => true): T | undefined {
    for (const workClass of this.#classesInTurn()) {
      const request = this.#nextOf(workClass, admits);
      if (request === undefined) continue;
      this.remove(request);
      this.#charge(request, workOf(request));
      this.#lastServed = request.projectId;
      return request;
    }
    return undefined;
  }

  /** @returns whether it was waiting. */
  remove(request: T): boolean {
    const { projectId, workClass } = request;
    const own = this.#waiting[workClass].get(projectId);
    const at = own?.indexOf(request) ?? -1;
    if (own === undefined || at === -1) return false;
    own.splice(at, 1);
    if (own.length === 0) this.#waiting[workClass].delete(projectId);
    this.#size -= 1;
    return true;
  }

  /** A request that was taken has ended: its project is charged for what it has really used. */
  settle(request: T, used: Pick<WaitingRequest, 'promptTokens' | 'outputTokens'>): void {
    this.#charge(request, workOf(used) - workOf(request));
  }

  #classesInTurn(): readonly WorkClass[] {
    const waiting = CLASSES.filter((workClass) => this.#waiting[workClass].size > 0);
    const total = CLASSES.reduce((sum, workClass) => sum + this.#served[workClass], 0);
    const starved = waiting.filter((workClass) => this.#served[workClass] < CLASS_FLOORS[workClass] * total);
    return starved.length === 0 ? waiting : [...new Set([...starved, ...waiting])];
  }

  #nextOf(workClass: WorkClass, admits: (request: T) => boolean): T | undefined {
    let next: { readonly request: T; readonly counter: number } | undefined;
    for (const [projectId, own] of this.#waiting[workClass]) {
      const counter = this.#counters.get(projectId) ?? 0;
      if (next !== undefined && counter >= next.counter) continue;
      const request = own.find(admits);
      if (request !== undefined) next = { request, counter };
    }
    return next?.request;
  }

  #charge({ projectId, weight, workClass }: T, work: number): void {
    this.#counters.set(projectId, (this.#counters.get(projectId) ?? 0) + work / weight);
    if (work <= 0) return;
    const kept = Math.exp(-work / FLOOR_WINDOW_TOKENS);
    for (const each of CLASSES) this.#served[each] *= kept;
    this.#served[workClass] += work;
  }

  /**
   * One that comes back does not use the time for which it asked nothing: it begins where those are that wait, or where the one is
   * that was served last.
   */
  #lift(projectId: string): void {
    let least = Infinity;
    for (const workClass of CLASSES)
      for (const other of this.#waiting[workClass].keys()) least = Math.min(least, this.#counters.get(other) ?? 0);
    if (least === Infinity) least = this.#counters.get(this.#lastServed) ?? 0;
    this.#counters.set(projectId, Math.max(this.#counters.get(projectId) ?? 0, least));
    if (this.#counters.size > COUNTERS_MAX) this.#forget(least);
  }

  /** Those that would begin at this level anyway. */
  #forget(level: number): void {
    for (const [projectId, counter] of this.#counters)
      if (counter <= level && !this.#isWaiting(projectId)) this.#counters.delete(projectId);
  }

  #isWaiting(projectId: string): boolean {
    return CLASSES.some((workClass) => this.#waiting[workClass].has(projectId));
  }
}
