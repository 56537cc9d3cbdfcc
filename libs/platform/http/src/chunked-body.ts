/**
 * A response body that is written in many small pieces. Node writes a piece of a chunked body as four buffers: length,
 * line break, data, line break. Here each piece and its framing are one buffer, which halves the cost.
 */
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';

const LINE_BREAK = '\r\n';
const LAST_CHUNK = '0\r\n\r\n';
const CARRIAGE_RETURN = 0x0d;
const LINE_FEED = 0x0a;

export class ChunkedBody {
  readonly #response: ServerResponse;
  readonly #onDrain: () => void;
  /** HTTP/1.0 has no chunked encoding: the body ends with the connection. */
  #framed = false;
  #full = false;

  /** @param onDrain called when the connection accepts data again after `write` returned false. */
  constructor(response: ServerResponse, onDrain: () => void) {
    this.#response = response;
    this.#onDrain = onDrain;
  }

  /** Sends status and headers, together with the first piece if it follows in the same turn. */
  begin(status: number, headers: OutgoingHttpHeaders): void {
    const { socket } = this.#response;
    socket?.cork();
    this.#response.writeHead(status, headers);
    this.#response.flushHeaders();
    // From here on this class does the framing. The header that announces it was sent.
    this.#framed = this.#response.chunkedEncoding;
    this.#response.chunkedEncoding = false;
    process.nextTick(() => socket?.uncork());
  }

  /**
   * Writes one piece, given in parts. Returns false when the connection is full: wait for `onDrain` before writing
   * more.
   */
  write(parts: readonly Uint8Array[]): boolean {
    const piece = this.#frame(parts);
    // A pipelined request has no socket until the response before it is complete; its response buffers the data.
    const target = this.#response.socket ?? this.#response;
    const flows = target.write(piece);
    if (!flows && !this.#full) {
      this.#full = true;
      target.once('drain', () => {
        this.#full = false;
        this.#onDrain();
      });
    }
    return flows;
  }

  /** Writes the last piece and ends the response. */
  end(text: string): void {
    const piece = this.#framed && text !== '' ? `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n` : text;
    this.#response.end(this.#framed ? piece + LAST_CHUNK : piece);
  }

  #frame(parts: readonly Uint8Array[]): Buffer {
    let length = 0;
    for (const part of parts) length += part.length;
    const size = this.#framed ? length.toString(16) + LINE_BREAK : '';
    const piece = Buffer.allocUnsafe(size.length + length + (this.#framed ? LINE_BREAK.length : 0));
    let at = piece.write(size, 'latin1');
    for (const part of parts) {
      piece.set(part, at);
      at += part.length;
    }
    if (this.#framed) {
      piece[at] = CARRIAGE_RETURN;
      piece[at + 1] = LINE_FEED;
    }
    return piece;
  }
}
