/**
 * Parses one streamed tool call: `{"name": "get_weather", "arguments": {"city": "Paris"}}`. Emits the name once it is complete,
 * and the arguments in pieces as they are generated.
 */
export interface ToolCallPiece {
  /** The name of the function; only in the first piece. */
  readonly name?: string;
  /** The next piece of the JSON arguments; may be empty. */
  readonly arguments: string;
}

const HEAD = /^\s*\{\s*"name"\s*:\s*("(?:[^"\\]|\\.)*")\s*,\s*"arguments"\s*:\s*/;

export class ToolCallReader {
  /** The text before the arguments; undefined once they have begun. */
  #head: string | undefined = '';
  #begun = false;
  #depth = 0;
  #inString = false;
  #escaped = false;
  #done = false;

  /** Parses the next piece of text. Returns undefined while there is nothing to emit. */
  push(text: string): ToolCallPiece | undefined {
    if (this.#done) return undefined;
    if (this.#head === undefined) return { arguments: this.#argumentsIn(text) };
    this.#head += text;
    const match = HEAD.exec(this.#head);
    if (match === null) return undefined;
    const rest = this.#head.slice(match[0].length);
    this.#head = undefined;
    return { name: JSON.parse(match[1] as string) as string, arguments: this.#argumentsIn(rest) };
  }

  /** Returns the part of the text that belongs to the arguments, which end with their closing bracket. */
  #argumentsIn(piece: string): string {
    const text = this.#begun ? piece : piece.trimStart();
    this.#begun ||= text !== '';
    for (let at = 0; at < text.length; at += 1) {
      this.#scan(text.charAt(at));
      if (this.#depth === 0 && !this.#inString) {
        this.#done = true;
        return text.slice(0, at + 1);
      }
    }
    return text;
  }

  #scan(character: string): void {
    if (this.#inString) {
      if (this.#escaped) this.#escaped = false;
      else if (character === '\\') this.#escaped = true;
      else if (character === '"') this.#inString = false;
    } else if (character === '"') this.#inString = true;
    else if (character === '{' || character === '[') this.#depth += 1;
    else if (character === '}' || character === ']') this.#depth -= 1;
  }
}
