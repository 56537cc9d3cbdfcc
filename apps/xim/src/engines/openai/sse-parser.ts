/**
 * Parses server-sent events from bytes that may be split anywhere. Lines may end in LF, CR or CRLF; data may have several lines.
 * Comments and other fields are ignored, except the `error` field of older llama-servers, which counts as data. A last event
 * without its blank line counts, too. Does not use eventsource-parser: this is the hot path of a worker, and that library ignores
 * the `error` field and an unterminated last event.
 */

class SseTooLongError extends Error {
  override readonly name = 'SseTooLongError';
}

export class SseParser {
  readonly #decoder = new TextDecoder();
  readonly #lengthMax: number;
  #line = '';
  #data: string | undefined;
  /** Whether the last character was a CR, to which a following LF belongs. */
  #afterReturn = false;

  /** @param lengthMax maximum characters of one event. */
  constructor(lengthMax: number) {
    this.#lengthMax = lengthMax;
  }

  /**
   * Returns the data of the events that are complete now.
   * @throws {SseTooLongError} when an event exceeds the maximum.
   */
  push(bytes: Uint8Array): string[] {
    return this.#read(this.#decoder.decode(bytes, { stream: true }));
  }

  /** Returns the data of a last, unterminated event. */
  end(): string[] {
    // Two line ends: one for a last line without its own, one for the missing blank line.
    return this.#read(`${this.#decoder.decode()}\n\n`);
  }

  #read(text: string): string[] {
    const events: string[] = [];
    let from = this.#afterReturn && text.startsWith('\n') ? 1 : 0;
    if (text !== '') this.#afterReturn = text.endsWith('\r');
    for (let end = lineEnd(text, from); end !== -1; end = lineEnd(text, from)) {
      this.#endLine(this.#line + text.slice(from, end), events);
      this.#line = '';
      from = end + (text.startsWith('\r\n', end) ? 2 : 1);
    }
    this.#line += text.slice(from);
    this.#check(this.#line.length);
    return events;
  }

  #endLine(line: string, events: string[]): void {
    if (line === '') {
      if (this.#data !== undefined) events.push(this.#data);
      this.#data = undefined;
      return;
    }
    const isData = line === 'data' || line.startsWith('data:');
    if (!isData && !line.startsWith('error:')) return;
    const value = line.slice(isData ? 'data:'.length : 'error:'.length);
    const text = value.startsWith(' ') ? value.slice(1) : value;
    this.#data = this.#data === undefined ? text : `${this.#data}\n${text}`;
    this.#check(this.#data.length);
  }

  #check(length: number): void {
    if (length > this.#lengthMax)
      throw new SseTooLongError(`An event of the stream is longer than ${this.#lengthMax} characters.`);
  }
}

const LINE_END = /[\r\n]/g;

function lineEnd(text: string, from: number): number {
  LINE_END.lastIndex = from;
  return LINE_END.exec(text)?.index ?? -1;
}
