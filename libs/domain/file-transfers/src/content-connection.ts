/**
 * A GET over a connection of its own, whose response is read into two buffers that are used again and again. HTTP clients allocate
 * memory for each 64 KiB that arrive: of the CPU time of a gateway per GB, that and its collection were three quarters.
 */
import { freeBuffer } from '@xerotier/buffers';
import { AppError } from '@xerotier/errors';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { parseHead } from './response-head.ts';
import type { ResponseHead } from './response-head.ts';

export interface ContentRequest {
  /** With the scheme `http`. */
  readonly url: URL;
  readonly authorization: string;
  readonly connectTimeoutMs: number;
  /** Until the response begins, and between two pieces of it. Not while they are waited with. */
  readonly idleTimeoutMs: number;
}

const HEAD_END = '\r\n\r\n';
const HEAD_BYTES_MAX = 16 * 1_024;
const HEAD_BUFFER_BYTES = 2 * 1_024;
/** Of each of the two, for a long body. */
const BUFFER_BYTES_MAX = 256 * 1_024;

/** Uses a piece, which is valid until `done` is called. */
type Consumer = (piece: Uint8Array, done: () => void) => void;

export class ContentConnection {
  readonly #socket: Socket;
  /** After the head they are larger. */
  #buffers: readonly [Buffer, Buffer] = [Buffer.allocUnsafe(HEAD_BUFFER_BYTES), Buffer.alloc(0)];
  /** The buffer that is filled next. */
  #next: 0 | 1 = 0;
  /** How many buffers are being consumed. */
  #taken = 0;
  /** What has arrived and has no consumer: the head, and of the body what came with it. */
  #begun = Buffer.alloc(0);
  /** Bytes of the body that have not arrived; undefined before the head. */
  #missing: number | undefined;
  #consumer: Consumer | undefined;
  readonly #head = Promise.withResolvers<ResponseHead>();
  readonly #end = Promise.withResolvers<void>();
  readonly #timer: NodeJS.Timeout;

  private constructor({ url, authorization, connectTimeoutMs, idleTimeoutMs }: ContentRequest) {
    for (const { promise } of [this.#head, this.#end]) promise.catch(() => undefined);
    this.#socket = connect({
      host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: Number(url.port === '' ? 80 : url.port),
      onread: {
        buffer: () => this.#buffers[this.#next],
        callback: (bytes, buffer) => {
          this.#receive(buffer.subarray(0, bytes));
          return true;
        },
      },
    });
    const connecting = setTimeout(() => this.#lose('The connection was not opened in time'), connectTimeoutMs);
    this.#timer = setTimeout(() => this.#onIdle(), idleTimeoutMs);
    this.#socket.once('connect', () => clearTimeout(connecting));
    this.#socket.once('error', (error) => this.#lose(error));
    this.#socket.once('end', () => this.#lose('The connection was closed before the end of the response'));
    this.#socket.once('close', () => {
      clearTimeout(connecting);
      clearTimeout(this.#timer);
      this.#lose('The connection was closed');
    });
    this.#socket.write(
      `GET ${url.pathname} HTTP/1.1\r\nhost: ${url.host}\r\nauthorization: ${authorization}\r\nconnection: close${HEAD_END}`,
    );
  }

  /** Sends the request. @throws {AppError} `files.unavailable`. */
  static async open(
    request: ContentRequest,
  ): Promise<{ readonly head: ResponseHead; readonly body: ContentConnection }> {
    const body = new ContentConnection(request);
    return { head: await body.#head.promise, body };
  }

  /**
   * Writes the body as it is taken, and leaves the target open, which must not use a piece once it was written: a connection or a file
   * does not, a `PassThrough` does.
   * @throws {AppError} `files.unavailable` when it breaks off. @throws {Error} when the target fails or is closed.
   */
  async sendTo(target: Writable): Promise<void> {
    const onClose = (): void => this.#fail(new Error('The target was closed'));
    const onError = (error: Error): void => this.#fail(error);
    target.once('close', onClose);
    target.once('error', onError);
    if (target.destroyed) onClose();
    try {
      await this.#consume((piece, done) => target.write(piece, (error) => (error ? this.#fail(error) : done())));
    } finally {
      target.off('close', onClose);
      target.off('error', onError);
    }
  }

  /** Returns the whole body. @throws {AppError} `files.unavailable` when it breaks off, or is longer. */
  async bytes(bytesMax: number): Promise<Buffer> {
    const pieces: Uint8Array[] = [];
    let length = 0;
    await this.#consume((piece, done) => {
      pieces.push(Buffer.from(piece));
      length += piece.length;
      if (length > bytesMax) this.#fail(unavailable('The response is too long'));
      else done();
    });
    return Buffer.concat(pieces);
  }

  /** Closes the connection; whoever consumes the body sees it break off. */
  destroy(): void {
    this.#socket.destroy();
  }

  async #consume(consumer: Consumer): Promise<void> {
    this.#consumer = consumer;
    this.#taken = 1;
    const rest = (): void => {
      this.#taken = 0;
      this.#continue();
    };
    if (this.#begun.length > 0) consumer(this.#begun, rest);
    else rest();
    await this.#end.promise;
  }

  #receive(piece: Uint8Array): void {
    this.#timer.refresh();
    if (this.#missing === undefined) {
      this.#begin(piece);
      return;
    }
    this.#missing -= piece.length;
    if (this.#missing < 0 || this.#consumer === undefined) {
      this.#fail(unavailable('The response is longer than announced'));
      return;
    }
    this.#next = this.#next === 0 ? 1 : 0;
    this.#taken += 1;
    if (this.#taken === this.#buffers.length) this.#socket.pause();
    this.#consumer(piece, () => {
      this.#taken -= 1;
      this.#continue();
    });
  }

  /** After the head it waits for a consumer. */
  #begin(piece: Uint8Array): void {
    this.#begun = Buffer.concat([this.#begun, piece]);
    const end = this.#begun.indexOf(HEAD_END);
    if (end < 0 && this.#begun.length <= HEAD_BYTES_MAX) return;
    this.#socket.pause();
    try {
      if (end < 0) throw new Error('The head of the response is too long');
      const head = parseHead(this.#begun.toString('latin1', 0, end));
      this.#begun = this.#begun.subarray(end + HEAD_END.length);
      this.#missing = head.bytes - this.#begun.length;
      if (this.#missing < 0) throw new Error('The response is longer than announced');
      const size = Math.max(1, Math.min(this.#missing, BUFFER_BYTES_MAX));
      this.#buffers = [Buffer.allocUnsafeSlow(size), Buffer.allocUnsafeSlow(size)];
      this.#head.resolve(head);
    } catch (error) {
      this.#fail(unavailable(error));
    }
  }

  #continue(): void {
    this.#timer.refresh();
    if (this.#missing !== 0) {
      this.#socket.resume();
    } else if (this.#taken === 0) {
      this.#end.resolve();
      this.#socket.destroy();
      // After which the system fills them no more.
      for (const each of this.#buffers) freeBuffer(each);
    }
  }

  /** The consumer may take its time. */
  #onIdle(): void {
    if (this.#socket.isPaused()) this.#timer.refresh();
    else this.#lose('The response has stalled');
  }

  /** Does nothing once everything has arrived. */
  #lose(cause: unknown): void {
    if (this.#missing !== 0) this.#fail(unavailable(cause));
  }

  /** Does nothing after the end. */
  #fail(error: Error): void {
    this.#head.reject(error);
    this.#end.reject(error);
    this.#socket.destroy();
  }
}

function unavailable(cause: unknown): AppError {
  return new AppError('files.unavailable', {}, { cause: typeof cause === 'string' ? new Error(cause) : cause });
}
