import { LatencyLine } from './latency-line.ts';

/**
 * Before anything is known of a worker: an engine that computes 10,000 tokens of a prompt in a second, and writes a token in 15 ms. Wrong
 * for most, but alike for all: workers are compared with each other.
 */
const FIRST_TOKEN = { baseMs: 20, perUnitMs: 0.1 };
const NEXT_TOKEN = { baseMs: 15, perUnitMs: 0.2 };

interface Placed {
  readonly workerId: string;
  readonly projectId: string;
  /** Tokens of the prompt that the worker has to compute, as far as is known. */
  readonly uncachedTokens: number;
  /** These, and those of the prompts before it. */
  readonly tokensUntilFirst: number;
  readonly concurrency: number;
  hasBegun: boolean;
}

/** What is placed on a worker, and how fast it was lately. */
export class WorkerMemory {
  readonly firstToken = new LatencyLine(FIRST_TOKEN);
  readonly nextToken = new LatencyLine(NEXT_TOKEN);
  /** Of prompts whose first token has not been reported. */
  pendingTokens = 0;
  readonly #placed = new Map<string, Placed>();
  readonly #ofProject = new Map<string, number>();

  get running(): number {
    return this.#placed.size;
  }

  runningOf(projectId: string): number {
    return this.#ofProject.get(projectId) ?? 0;
  }

  place(leaseId: string, placed: Pick<Placed, 'workerId' | 'projectId' | 'uncachedTokens'>): void {
    this.pendingTokens += placed.uncachedTokens;
    this.#placed.set(leaseId, {
      ...placed,
      tokensUntilFirst: this.pendingTokens,
      concurrency: this.#placed.size + 1,
      hasBegun: false,
    });
    this.#ofProject.set(placed.projectId, this.runningOf(placed.projectId) + 1);
  }

  begin(leaseId: string, firstTokenMs: number): void {
    const placed = this.#placed.get(leaseId);
    if (placed === undefined || placed.hasBegun) return;
    placed.hasBegun = true;
    this.pendingTokens -= placed.uncachedTokens;
    this.firstToken.observe(placed.tokensUntilFirst, firstTokenMs);
  }

  /** @param tokenMs mean time of a token after the first one. Undefined if there was none. */
  end(leaseId: string, tokenMs: number | undefined): void {
    const placed = this.#placed.get(leaseId);
    if (placed === undefined) return;
    this.#placed.delete(leaseId);
    if (!placed.hasBegun) this.pendingTokens -= placed.uncachedTokens;
    else if (tokenMs !== undefined) this.nextToken.observe(placed.concurrency, tokenMs);
    const left = this.runningOf(placed.projectId) - 1;
    if (left === 0) this.#ofProject.delete(placed.projectId);
    else this.#ofProject.set(placed.projectId, left);
  }
}
