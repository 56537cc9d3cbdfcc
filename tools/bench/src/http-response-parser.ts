import { LineReader } from './line-reader.ts';

const headBytesMax = 64 * 1024;

/** Receives a response. The parts of a body are views of a shared buffer: copy what is to be kept. */
export interface ResponseSink {
  head(status: number): void;
  body(part: Buffer): void;
  /** `reusable`: whether the connection may carry another request. */
  end(reusable: boolean): void;
}

type State = 'status' | 'headers' | 'sized' | 'until-close' | 'chunk-size' | 'chunk-data' | 'chunk-end' | 'trailers';

/**
 * Parses consecutive HTTP/1.1 responses from bytes in chunks of any size: bodies with a length, chunked, or until the
 * connection is closed. Supports what a benchmark of local servers needs: no compression, no upgrade. Throws an Error
 * on bytes that are not HTTP.
 */
export class HttpResponseParser {
  readonly #sink: ResponseSink;
  readonly #lines = new LineReader('latin1', headBytesMax);
  #state: State = 'status';
  #status = 0;
  #remaining = 0;
  #length: number | undefined;
  #chunked = false;
  #reusable = true;

  constructor(sink: ResponseSink) {
    this.#sink = sink;
  }

  push(bytes: Buffer): void {
    let offset = 0;
    while (offset < bytes.length) {
      if (this.#state === 'sized' || this.#state === 'chunk-data' || this.#state === 'until-close') {
        offset = this.#data(bytes, offset);
      } else {
        offset = this.#lines.read(bytes, offset);
        if (offset === -1) return;
        this.#line(this.#lines.line);
      }
    }
  }

  /** Call it when the connection was closed. Returns true when that ended a body without a length. */
  close(): boolean {
    if (this.#state !== 'until-close') return false;
    this.#reusable = false;
    this.#end();
    return true;
  }

  #data(bytes: Buffer, offset: number): number {
    if (this.#state === 'until-close') {
      this.#sink.body(bytes.subarray(offset));
      return bytes.length;
    }
    const end = Math.min(bytes.length, offset + this.#remaining);
    this.#remaining -= end - offset;
    this.#sink.body(bytes.subarray(offset, end));
    if (this.#remaining === 0) {
      if (this.#state === 'chunk-data') this.#state = 'chunk-end';
      else this.#end();
    }
    return end;
  }

  #line(line: string): void {
    if (this.#state === 'status') this.#statusLine(line);
    else if (this.#state === 'headers') this.#headerLine(line);
    else if (this.#state === 'chunk-size') this.#chunkSize(line);
    else if (this.#state === 'trailers') {
      if (line === '') this.#end();
    } else if (line === '') this.#state = 'chunk-size';
    else throw new Error('A chunk is longer than its size.');
  }

  #statusLine(line: string): void {
    if (!/^HTTP\/1\.[01] \d{3}/.test(line)) throw new Error(`Not an HTTP response: ${line.slice(0, 80)}`);
    this.#status = Number(line.slice(9, 12));
    this.#length = undefined;
    this.#chunked = false;
    this.#reusable = line.charCodeAt(7) === 0x31;
    this.#state = 'headers';
  }

  #headerLine(line: string): void {
    if (line === '') return this.#headEnd();
    const colon = line.indexOf(':');
    // Only three headers matter; comparing lengths avoids lower-casing the others.
    if (colon !== 10 && colon !== 14 && colon !== 17) return;
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (name === 'content-length') {
      if (!/^\d+$/.test(value)) throw new Error(`Not a content length: ${value.slice(0, 80)}`);
      this.#length = Number(value);
    } else if (name === 'transfer-encoding') this.#chunked = value.toLowerCase() === 'chunked';
    else if (name === 'connection') this.#reusable = value.toLowerCase() !== 'close';
  }

  #headEnd(): void {
    if (this.#status < 200) {
      this.#state = 'status';
      return;
    }
    this.#sink.head(this.#status);
    if (this.#status === 204 || this.#status === 304) this.#end();
    else if (this.#chunked) this.#state = 'chunk-size';
    else if (this.#length === 0) this.#end();
    else if (this.#length !== undefined) {
      this.#remaining = this.#length;
      this.#state = 'sized';
    } else this.#state = 'until-close';
  }

  #chunkSize(line: string): void {
    const size = line.split(';', 1)[0]?.trim() ?? '';
    if (!/^[0-9a-f]{1,8}$/i.test(size)) throw new Error(`Not a chunk size: ${line.slice(0, 80)}`);
    this.#remaining = Number.parseInt(size, 16);
    this.#state = this.#remaining === 0 ? 'trailers' : 'chunk-data';
  }

  #end(): void {
    this.#state = 'status';
    this.#sink.end(this.#reusable);
  }
}
