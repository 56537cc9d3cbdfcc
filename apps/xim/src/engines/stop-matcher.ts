/**
 * Truncates a streamed text before the first stop string, wherever the pieces are split. Text that may be the beginning of a stop
 * string is held back, so that no part of one is ever emitted.
 */
export interface Matched {
  /** Text to emit now; often empty while text is held back. */
  readonly text: string;
  /** Whether a stop string is complete; no text may be pushed afterwards. */
  readonly stopped: boolean;
}

export class StopMatcher {
  readonly #stops: readonly string[];
  #held = '';

  /** The stop string that is complete first applies; of two that end together, the longer one. */
  constructor(stops: readonly string[]) {
    this.#stops = stops.filter((stop) => stop !== '');
  }

  push(piece: string): Matched {
    if (this.#stops.length === 0) return { text: piece, stopped: false };
    const text = this.#held + piece;
    const start = firstStop(text, this.#stops);
    if (start !== undefined) {
      this.#held = '';
      return { text: text.slice(0, start), stopped: true };
    }
    const heldLength = Math.max(...this.#stops.map((stop) => partialMatchLength(text, stop)));
    this.#held = text.slice(text.length - heldLength);
    return { text: text.slice(0, text.length - heldLength), stopped: false };
  }

  /** Returns the held text, when the text has ended without a stop string. */
  flush(): string {
    const rest = this.#held;
    this.#held = '';
    return rest;
  }
}

/** Returns the start of the stop string that is complete first. */
function firstStop(text: string, stops: readonly string[]): number | undefined {
  let first: { start: number; end: number } | undefined;
  for (const stop of stops) {
    const start = text.indexOf(stop);
    if (start === -1) continue;
    const end = start + stop.length;
    if (first === undefined || end < first.end || (end === first.end && start < first.start)) first = { start, end };
  }
  return first?.start;
}

/** Returns the length of the longest suffix of the text that is a proper prefix of the stop string. */
function partialMatchLength(text: string, stop: string): number {
  for (let length = Math.min(stop.length - 1, text.length); length > 0; length -= 1) {
    if (text.charCodeAt(text.length - length) === stop.charCodeAt(0) && stop.startsWith(text.slice(-length)))
      return length;
  }
  return 0;
}
