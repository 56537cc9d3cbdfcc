/** Tracks the progress of the JSON arguments of a tool call, without storing them. */
export class ArgumentsProgress {
  #begun = false;
  #opened = false;
  #depth = 0;
  #inString = false;
  #escaped = false;

  /** Whether only white space was received. */
  get isEmpty(): boolean {
    return !this.#begun;
  }

  /** Whether an object or an array is complete. */
  get isComplete(): boolean {
    return this.#opened && this.#depth <= 0;
  }

  push(text: string): void {
    for (let at = 0; at < text.length; at += 1) {
      const code = text.charCodeAt(at);
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false;
        else if (code === BACKSLASH) this.#escaped = true;
        else if (code === QUOTE) this.#inString = false;
        continue;
      }
      if (code <= SPACE) continue;
      this.#begun = true;
      if (code === QUOTE) this.#inString = true;
      else if (code === OPEN_BRACE || code === OPEN_BRACKET) {
        this.#opened = true;
        this.#depth += 1;
      } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) this.#depth -= 1;
    }
  }
}

const SPACE = 0x20;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
