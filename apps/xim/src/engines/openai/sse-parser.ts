/**
 * Reads server-sent events from bytes that are cut anywhere. Lines may end in LF, CR or CRLF; data may have several lines;
 * comments and other fields are passed over, but for the `error` of older llama-servers, which is data like any other; a last
 * event counts even when the blank line after it is missing. Not eventsource-parser: this is the hot path of a worker, and the
 * `error` field and the unfinished last event are data here.
 */

class SseTooLongError extends Error {
  override readonly name = 'SseTooLongError';
}

export class SseParser {
  readonly #decoder = new TextDecoder();
  readonly #lengthMax: number;
  #line = '';
  #data: string | undefined;
  /** The last character was a CR: an LF that follows belongs to it. */
  #afterReturn = false;

  /** `lengthMax`: characters of one event. */
  constructor(lengthMax: number) {
    this.#lengthMax = lengthMax;
  }

  /**
   * The data of the events that are complete now.
   * @throws {SseTooLongError} when an event is longer than allowed.
   */
  push(bytes: Uint8Array): string[] {
    return this.#read(this.#decoder.decode(bytes, { stream: true }));
  }

  /** What is left at the end of the input. */
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
