/**
 * Counts the accepted and rejected tokens of a predicted output. This engine computes every token itself, so a prediction neither
 * speeds it up nor changes the output. The usage has the counts of the specification nevertheless: predicted tokens that appear
 * in the completion, in order, and those that do not.
 */
import type { TokenUsage } from '@xerotier/contracts/inference';

/** How far ahead the prediction may resume after an omitted or changed part, in tokens. */
const LOOK_AHEAD_TOKENS = 256;

export class PredictionCounter {
  readonly #predicted: readonly number[];
  #next = 0;
  #accepted = 0;
  #last: number | undefined;

  constructor(predicted: readonly number[]) {
    this.#predicted = predicted;
  }

  /** Adds a token of the completion and updates the counts in the usage. */
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

  /** A single equal token may be a coincidence, so the prediction resumes at two consecutive ones. */
  #resumesAt(token: number): number | undefined {
    const end = Math.min(this.#predicted.length, this.#next + LOOK_AHEAD_TOKENS);
    for (let at = this.#next + 1; at < end; at += 1)
      if (this.#predicted[at] === token && this.#predicted[at - 1] === this.#last) return at;
    return undefined;
  }
}
