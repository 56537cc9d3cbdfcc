/**
 * The sequences of a context: each holds the tokens that it computed last, so that a prompt which begins with them need
 * not be computed again. That is measurable from outside, as a shorter time and as `cached_tokens`, so what one project
 * left behind is never reused for another.
 */
import { AppError } from '@xerotier/errors';

/** The part of node-llama-cpp's sequence that the pool needs. */
export interface PoolSequence {
  readonly contextTokens: readonly number[];
  readonly nextTokenIndex: number;
  adaptStateToTokens(tokens: number[], allowShift?: boolean): Promise<void>;
  clearHistory(): Promise<void>;
}

export interface SequenceLease<S extends PoolSequence> {
  readonly sequence: S;
  /** How many tokens of the prompt need not be computed. */
  readonly cachedTokens: number;
}

interface Entry<S> {
  readonly sequence: S;
  salt: string | undefined;
  lastUsed: number;
  busy: boolean;
}

/** A sequence is worth reusing when at least this part of it fits; otherwise more is thrown away than gained. */
const REUSE_SHARE_MIN = 0.5;

export class SequencePool<S extends PoolSequence> {
  readonly #entries: Entry<S>[];
  #uses = 0;
  #waiting: (() => void)[] = [];

  constructor(sequences: readonly S[]) {
    this.#entries = sequences.map((sequence) => ({ sequence, salt: undefined, lastUsed: 0, busy: false }));
  }

  /**
   * Takes the idle sequence that shares the longest beginning with the prompt and belongs to the same salt; otherwise
   * the one that was not used for the longest time. What does not fit is removed from it.
   * @throws {AppError} `worker.busy` when no sequence is idle.
   */
  async acquire(prompt: readonly number[], salt: string): Promise<SequenceLease<S>> {
    const entry = this.#choose(prompt, salt);
    if (entry === undefined) throw new AppError('worker.busy');
    entry.busy = true;
    entry.lastUsed = this.#uses += 1;
    try {
      if (entry.salt !== salt) await this.#clear(entry);
      entry.salt = salt;
      // The last token is always computed: what comes after it is not kept.
      await entry.sequence.adaptStateToTokens(prompt.slice(0, -1), false);
      // Some kinds of models cannot go back to any point, so what was really kept is asked for.
      return { sequence: entry.sequence, cachedTokens: entry.sequence.nextTokenIndex };
    } catch (error) {
      await this.release(entry.sequence, { intact: false });
      throw error;
    }
  }

  /** `intact: false` after a failure: what the sequence holds is not relied on. */
  async release(sequence: S, { intact }: { intact: boolean }): Promise<void> {
    const entry = this.#entries.find((candidate) => candidate.sequence === sequence);
    if (entry === undefined) return;
    if (!intact) await this.#clear(entry).catch(() => undefined);
    entry.busy = false;
    if (this.#entries.every(({ busy }) => !busy)) for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** Resolves once no sequence is in use. */
  async idle(): Promise<void> {
    if (this.#entries.some(({ busy }) => busy)) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #choose(prompt: readonly number[], salt: string): Entry<S> | undefined {
    const idle = this.#entries.filter(({ busy }) => !busy);
    let best: Entry<S> | undefined;
    let bestShared = 0;
    for (const entry of idle) {
      if (entry.salt !== salt) continue;
      const held = entry.sequence.contextTokens;
      const shared = sharedBeginning(held, prompt);
      if (shared > bestShared && shared >= held.length * REUSE_SHARE_MIN) [best, bestShared] = [entry, shared];
    }
    return best ?? idle.toSorted((a, b) => a.lastUsed - b.lastUsed)[0];
  }

  /** Forgets what the sequence holds; if even that fails, it stays without an owner, and the next use tries again. */
  async #clear(entry: Entry<S>): Promise<void> {
    entry.salt = undefined;
    await entry.sequence.clearHistory();
  }
}

function sharedBeginning(a: readonly number[], b: readonly number[]): number {
  const length = Math.min(a.length, b.length);
  let i = 0;
  while (i < length && a[i] === b[i]) i += 1;
  return i;
}
