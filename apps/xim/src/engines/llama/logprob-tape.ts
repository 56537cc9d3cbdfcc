/**
 * Log probabilities of the tokens of an answer, given out with the text that they make. A token's text may be held back
 * (it could begin a stop string or a mark), cut (by a stop string) or left out (a mark, white space beside one), so what is
 * given out is found again among the tokens that came.
 */
import type { Vocabulary } from './vocabulary.ts';

export interface TokenLogprob {
  token: string;
  /** Natural logarithm; -9999 stands for everything below. */
  logprob: number;
  /** Null for a token that stands for no text, such as the end of a turn. */
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

export class LogprobTape {
  readonly #vocabulary: Pick<Vocabulary, 'bytesOf' | 'textOf'>;
  readonly #topCount: number;
  #entries: Entry[] = [];
  /** The part of the first entry whose text was given out, while the rest of it is held back. */
  #given = { from: 0, to: 0 };

  /** @param topCount how many of the likeliest tokens stand beside each. */
  constructor(vocabulary: Pick<Vocabulary, 'bytesOf' | 'textOf'>, topCount: number) {
    this.#vocabulary = vocabulary;
    this.#topCount = topCount;
  }

  /** @param probabilities of the tokens that the sampler chose from, 0 to 1. */
  add(token: number, probabilities: ReadonlyMap<number, number>): void {
    this.#entries.push({
      bytes: this.#vocabulary.bytesOf(token),
      logprob: logarithm(probabilities.get(token) ?? 0),
      top: this.#topCount === 0 ? [] : likeliest(probabilities, this.#topCount).map((pair) => this.#described(...pair)),
    });
  }

  /** What came until now is no part of the answer. */
  clear(): void {
    this.#entries = [];
    this.#given = { from: 0, to: 0 };
  }

  /**
   * The tokens that end in the next piece of the answer. Joined over all pieces, their texts are the answer.
   * @param isLast nothing follows: a token that the piece ends in is given out as far as it goes.
   */
  take(text: string, isLast = false): ContentLogprob[] {
    const wanted = Buffer.from(text);
    const all = Buffer.concat(this.#entries.map(({ bytes }) => bytes));
    const found = all.indexOf(wanted, this.#given.to);
    // Bytes that are no text came out as something else: better all of the tokens than none.
    const [from, to] = found === -1 ? [this.#given.to, all.length] : [found, found + wanted.length];
    const taken: ContentLogprob[] = [];
    let start = 0;
    let past = 0;
    for (const entry of this.#entries) {
      const end = start + entry.bytes.length;
      const shownFrom = start < this.#given.to ? this.#given.from : Math.max(0, from - start);
      if (end > to && !(isLast && start < to)) {
        this.#given = start < to ? { from: shownFrom, to: to - start } : { from: 0, to: 0 };
        this.#entries.splice(0, past);
        return taken;
      }
      if (end > from) taken.push(given(entry, entry.bytes.subarray(shownFrom, to - start)));
      start = end;
      past += 1;
    }
    this.clear();
    return taken;
  }

  #described(token: number, probability: number): TokenLogprob {
    const bytes = this.#vocabulary.bytesOf(token);
    const shown = bytes.length === 0 ? { token: this.#vocabulary.textOf(token), bytes: null } : written(bytes);
    return { ...shown, logprob: logarithm(probability) };
  }
}

function given({ logprob, top }: Entry, bytes: Uint8Array): ContentLogprob {
  return { ...written(bytes), logprob, top_logprobs: top };
}

/** Part of a character is shown as U+FFFD, as other servers do; the bytes are exact. */
function written(bytes: Uint8Array): { token: string; bytes: number[] } {
  return { token: Buffer.from(bytes).toString('utf8'), bytes: [...bytes] };
}

function logarithm(probability: number): number {
  return Math.max(LOGPROB_MIN, Math.min(0, Math.log(probability)));
}

/** The pairs with the highest probabilities, highest first. There may be fewer: a nucleus has left the others out. */
function likeliest(probabilities: ReadonlyMap<number, number>, count: number): [number, number][] {
  const best: [number, number][] = [];
  for (const pair of probabilities) {
    if (pair[1] <= 0 || (best.length === count && pair[1] <= (best[count - 1]?.[1] ?? 0))) continue;
    const at = best.findIndex(([, probability]) => probability < pair[1]);
    best.splice(at === -1 ? best.length : at, 0, pair);
    if (best.length > count) best.pop();
  }
  return best;
}
