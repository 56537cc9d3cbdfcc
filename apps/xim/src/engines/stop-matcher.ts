/**
 * Ends a text before the first stop string, however the text is cut into pieces. Text that may still turn out to be the
 * beginning of a stop string is held back, so a part of one is never given out.
 */
export interface Matched {
  /** What may be given out now; often empty while text is held back. */
  readonly text: string;
  /** True once a stop string is complete; nothing may be pushed afterwards. */
  readonly stopped: boolean;
}

export class StopMatcher {
  readonly #stops: readonly string[];
  #held = '';

  /** Of several stop strings the one that is complete first counts, and of two at once the longer. */
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
    const heldLength = Math.max(...this.#stops.map((stop) => beginningAtEnd(text, stop)));
    this.#held = text.slice(text.length - heldLength);
    return { text: text.slice(0, text.length - heldLength), stopped: false };
  }

  /** The rest, when the text has ended without a stop string. */
  flush(): string {
    const rest = this.#held;
    this.#held = '';
    return rest;
  }
}

/** Where the stop string begins that is complete first. */
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

/** How many characters at the end of the text are a beginning of the stop string. */
function beginningAtEnd(text: string, stop: string): number {
  for (let length = Math.min(stop.length - 1, text.length); length > 0; length -= 1) {
    if (text.charCodeAt(text.length - length) === stop.charCodeAt(0) && stop.startsWith(text.slice(-length)))
      return length;
  }
  return 0;
}
