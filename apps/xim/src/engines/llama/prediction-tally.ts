/**
 * How much of a predicted answer came true. This engine computes every token by itself, so a prediction makes nothing
 * faster here and changes nothing of the answer; what it is worth is counted all the same, as the specification has it:
 * predicted tokens that are in the answer, in their order, and those that are not.
 */
import type { TokenUsage } from '@xerotier/contracts/inference';

/** How far ahead the prediction goes on after a part that was left out or changed, in tokens. */
const LOOK_AHEAD_TOKENS = 256;

export class PredictionTally {
  readonly #predicted: readonly number[];
  #next = 0;
  #accepted = 0;
  #last: number | undefined;

  constructor(predicted: readonly number[]) {
    this.#predicted = predicted;
  }

  /** One more token of the answer; the counts in the usage are brought up to date. */
  add(token: number, usage: TokenUsage): void {
    const at = this.#predicted[this.#next] === token ? this.#next : this.#resumesAt(token);
    this.#last = token;
    if (at !== undefined) {
      this.#next = at + 1;
      this.#accepted += 1;
    }
    usage.acceptedPredictionTokens = this.#accepted;
    usage.rejectedPredictionTokens = this.#predicted.length - this.#accepted;
  }

  /** A single equal token may be chance: what was left is found again by two in a row. */
  #resumesAt(token: number): number | undefined {
    const end = Math.min(this.#predicted.length, this.#next + LOOK_AHEAD_TOKENS);
    for (let at = this.#next + 1; at < end; at += 1)
      if (this.#predicted[at] === token && this.#predicted[at - 1] === this.#last) return at;
    return undefined;
  }
}
