/**
 * Reads one tool call while it is written: `{"name": "get_weather", "arguments": {"city": "Paris"}}`. The name comes out
 * as soon as it is complete, the arguments piece by piece as the model writes them, so that a client can follow them.
 */
export interface ToolCallPiece {
  /** The name of the function; only in the first piece. */
  readonly name?: string;
  /** What follows of the JSON text of the arguments; may be empty. */
  readonly arguments: string;
}

const HEAD = /^\s*\{\s*"name"\s*:\s*("(?:[^"\\]|\\.)*")\s*,\s*"arguments"\s*:\s*/;

export class ToolCallReader {
  /** What came before the arguments; undefined once they have begun. */
  #head: string | undefined = '';
  #begun = false;
  #depth = 0;
  #inString = false;
  #escaped = false;
  #over = false;

  /** The next piece of text. Undefined while there is nothing to tell. */
  push(text: string): ToolCallPiece | undefined {
    if (this.#over) return undefined;
    if (this.#head === undefined) return { arguments: this.#argumentsIn(text) };
    this.#head += text;
    const match = HEAD.exec(this.#head);
    if (match === null) return undefined;
    const rest = this.#head.slice(match[0].length);
    this.#head = undefined;
    return { name: JSON.parse(match[1] as string) as string, arguments: this.#argumentsIn(rest) };
  }

  /** The part of the text that belongs to the arguments, which end with the bracket that closes them. */
  #argumentsIn(piece: string): string {
    const text = this.#begun ? piece : piece.trimStart();
    this.#begun ||= text !== '';
    for (let at = 0; at < text.length; at += 1) {
      this.#note(text.charAt(at));
      if (this.#depth === 0 && !this.#inString) {
        this.#over = true;
        return text.slice(0, at + 1);
      }
    }
    return text;
  }

  #note(character: string): void {
    if (this.#inString) {
      if (this.#escaped) this.#escaped = false;
      else if (character === '\\') this.#escaped = true;
      else if (character === '"') this.#inString = false;
    } else if (character === '"') this.#inString = true;
    else if (character === '{' || character === '[') this.#depth += 1;
    else if (character === '}' || character === ']') this.#depth -= 1;
  }
}
