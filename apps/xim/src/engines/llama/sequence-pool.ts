/**
 * The sequences of a context. Each keeps its latest tokens, so that their common prefix with the next prompt need not be computed
 * again. Clients can measure that, as latency and as `cached_tokens`, so the cache of one project is never reused for another.
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
  /** Number of prompt tokens that need not be computed. */
  readonly cachedTokens: number;
}

interface Entry<S> {
  readonly sequence: S;
  salt: string | undefined;
  lastUsed: number;
  busy: boolean;
}

/** Minimum share of a sequence that must match the prompt: reusing less would discard more than it saves. */
const REUSE_SHARE_MIN = 0.5;

export class SequencePool<S extends PoolSequence> {
  readonly #entries: Entry<S>[];
  #uses = 0;
  #waiting: (() => void)[] = [];

  constructor(sequences: readonly S[]) {
    this.#entries = sequences.map((sequence) => ({ sequence, salt: undefined, lastUsed: 0, busy: false }));
  }

  /**
   * Acquires the idle sequence of the same salt with the longest common prefix, or else the least recently used one. Tokens
   * that do not match are removed from it.
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
      // The last token must always be computed, since its logits are not kept.
      await entry.sequence.adaptStateToTokens(prompt.slice(0, -1), false);
      // Some architectures cannot roll back to any position, so the kept length is read from the sequence.
      return { sequence: entry.sequence, cachedTokens: entry.sequence.nextTokenIndex };
    } catch (error) {
      await this.release(entry.sequence, { intact: false });
      throw error;
    }
  }

  /** @param intact false after a failure: the sequence is cleared. */
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
      const shared = sharedPrefixLength(held, prompt);
      if (shared > bestShared && shared >= held.length * REUSE_SHARE_MIN) [best, bestShared] = [entry, shared];
    }
    return best ?? idle.toSorted((a, b) => a.lastUsed - b.lastUsed)[0];
  }

  /** Clears the sequence. If that fails, it stays without a salt, and the next use tries again. */
  async #clear(entry: Entry<S>): Promise<void> {
    entry.salt = undefined;
    await entry.sequence.clearHistory();
  }
}

function sharedPrefixLength(a: readonly number[], b: readonly number[]): number {
  const length = Math.min(a.length, b.length);
  let i = 0;
  while (i < length && a[i] === b[i]) i += 1;
  return i;
}
