import { LineReader } from './line-reader.ts';

const lineBytesMax = 1024 * 1024;

/**
 * Parses server-sent events from bytes in chunks of any size and calls back once per complete event with its data. Not
 * eventsource-parser, because the load generator must cost less than what it measures. Comments and unknown fields are
 * ignored, several data lines are joined by LF, an event without data is not dispatched. Lines end with LF or CR LF; a
 * lone CR, which the standard also allows, counts as a character.
 */
export class SseParser {
  readonly #onEvent: (data: string, type: string) => void;
  readonly #lines = new LineReader('utf8', lineBytesMax);
  #data: string | undefined;
  #type = '';

  constructor(onEvent: (data: string, type: string) => void) {
    this.#onEvent = onEvent;
  }

  /** True while an event has begun and not ended: at the end of a stream this means a truncated frame. */
  get unfinished(): boolean {
    return this.#lines.bufferedBytes > 0 || this.#data !== undefined;
  }

  push(chunk: Buffer): void {
    let offset = 0;
    while (offset < chunk.length) {
      offset = this.#lines.read(chunk, offset);
      if (offset === -1) return;
      this.#line(this.#lines.line);
    }
  }

  #line(line: string): void {
    if (line === '') return this.#dispatch();
    const colon = line.indexOf(':');
    const field = colon === -1 ? line : line.slice(0, colon);
    if (field !== 'data' && field !== 'event') return;
    const value = colon === -1 ? '' : line.slice(line.charCodeAt(colon + 1) === 0x20 ? colon + 2 : colon + 1);
    if (field === 'event') this.#type = value;
    else this.#data = this.#data === undefined ? value : `${this.#data}\n${value}`;
  }

  #dispatch(): void {
    const data = this.#data;
    const type = this.#type;
    this.#data = undefined;
    this.#type = '';
    if (data !== undefined) this.#onEvent(data, type);
  }
}
