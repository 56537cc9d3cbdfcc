/**
 * Buffers the log probabilities of generated tokens until their text is emitted. The text of a token may be held back (it could
 * begin a stop string or a tag), truncated (by a stop string) or dropped (a tag, white space next to one), so emitted text is
 * matched with the buffered tokens.
 */
import type { Vocabulary } from './vocabulary.ts';

export interface TokenLogprob {
  token: string;
  /** Natural logarithm, at least -9999. */
  logprob: number;
  /** Null for a token without text, such as the end of a turn. */
  bytes: number[] | null;
}

export interface ContentLogprob extends TokenLogprob {
  top_logprobs: TokenLogprob[];
}

const LOGPROB_MIN = -9_999;

interface Entry {
  readonly bytes: Uint8Array;
  readonly logprob: number;
  readonly top: TokenLogprob[];
}

export class LogprobBuffer {
  readonly #vocabulary: Pick<Vocabulary, 'bytesOf' | 'textOf'>;
  readonly #topCount: number;
  #entries: Entry[] = [];
  /** The part of the first entry whose text was emitted, while the rest of it is held back. */
  #emitted = { from: 0, to: 0 };

  /** @param topCount number of most likely tokens to list for each token. */
  constructor(vocabulary: Pick<Vocabulary, 'bytesOf' | 'textOf'>, topCount: number) {
    this.#vocabulary = vocabulary;
    this.#topCount = topCount;
  }

  /** @param probabilities of the tokens that were sampled from, 0 to 1. */
  add(token: number, probabilities: ReadonlyMap<number, number>): void {
    this.#entries.push({
      bytes: this.#vocabulary.bytesOf(token),
      logprob: toLogprob(probabilities.get(token) ?? 0),
      top:
        this.#topCount === 0 ? [] : mostLikely(probabilities, this.#topCount).map((pair) => this.#topLogprob(...pair)),
    });
  }

  /** Drops the buffered tokens, which are not a part of the content. */
  clear(): void {
    this.#entries = [];
    this.#emitted = { from: 0, to: 0 };
  }

  /**
   * Removes and returns the tokens that end in the next piece of the content. The joined texts of all tokens are the content.
   * @param isLast no text follows, so a token that extends beyond the piece is truncated.
   */
  take(text: string, isLast = false): ContentLogprob[] {
    const wanted = Buffer.from(text);
    const all = Buffer.concat(this.#entries.map(({ bytes }) => bytes));
    const found = all.indexOf(wanted, this.#emitted.to);
    // Invalid UTF-8 was replaced in the text and is not found: returning all tokens is better than none.
    const [from, to] = found === -1 ? [this.#emitted.to, all.length] : [found, found + wanted.length];
    const taken: ContentLogprob[] = [];
    let start = 0;
    let past = 0;
    for (const entry of this.#entries) {
      const end = start + entry.bytes.length;
      const shownFrom = start < this.#emitted.to ? this.#emitted.from : Math.max(0, from - start);
      if (end > to && !(isLast && start < to)) {
        this.#emitted = start < to ? { from: shownFrom, to: to - start } : { from: 0, to: 0 };
        this.#entries.splice(0, past);
        return taken;
      }
      if (end > from) taken.push(contentLogprob(entry, entry.bytes.subarray(shownFrom, to - start)));
      start = end;
      past += 1;
    }
    this.clear();
    return taken;
  }

  #topLogprob(token: number, probability: number): TokenLogprob {
    const bytes = this.#vocabulary.bytesOf(token);
    const shown = bytes.length === 0 ? { token: this.#vocabulary.textOf(token), bytes: null } : tokenText(bytes);
    return { ...shown, logprob: toLogprob(probability) };
  }
}

function contentLogprob({ logprob, top }: Entry, bytes: Uint8Array): ContentLogprob {
  return { ...tokenText(bytes), logprob, top_logprobs: top };
}

/** A partial character is shown as U+FFFD, as on other servers; the bytes are exact. */
function tokenText(bytes: Uint8Array): { token: string; bytes: number[] } {
  return { token: Buffer.from(bytes).toString('utf8'), bytes: [...bytes] };
}

function toLogprob(probability: number): number {
  return Math.max(LOGPROB_MIN, Math.min(0, Math.log(probability)));
}

/** Returns the pairs with the highest probabilities, highest first; fewer if nucleus sampling removed the others. */
function mostLikely(probabilities: ReadonlyMap<number, number>, count: number): [number, number][] {
  const best: [number, number][] = [];
  for (const pair of probabilities) {
    if (pair[1] <= 0 || (best.length === count && pair[1] <= (best[count - 1]?.[1] ?? 0))) continue;
    const at = best.findIndex(([, probability]) => probability < pair[1]);
    best.splice(at === -1 ? best.length : at, 0, pair);
    if (best.length > count) best.pop();
  }
  return best;
}
