/**
 * Writes messages to a WebSocket. A client that reads slower than they come pauses their sources, and is disconnected if it stalls, as one
 * of a stream over HTTP is.
 */
import type { OpenWebSocket } from '@xerotier/http';
import { STALL_TIMEOUT_MS } from '../requests/client-stream.ts';

export interface SocketReader {
  /** It does not keep up. */
  onFull(): void;
  /** It keeps up again. */
  onDrain(): void;
  /** It has read nothing for too long, and is disconnected. */
  onStalled(): void;
}

export class SocketWriter {
  readonly #open: Pick<OpenWebSocket, 'webSocket' | 'socket'>;
  readonly #reader: SocketReader;
  readonly #stallTimeoutMs: number;
  #stalled: NodeJS.Timeout | undefined;

  constructor(
    open: Pick<OpenWebSocket, 'webSocket' | 'socket'>,
    reader: SocketReader,
    stallTimeoutMs = STALL_TIMEOUT_MS,
  ) {
    this.#open = open;
    this.#reader = reader;
    this.#stallTimeoutMs = stallTimeoutMs;
    open.webSocket.once('close', () => clearTimeout(this.#stalled));
  }

  /** Whether the client does not keep up. */
  get isFull(): boolean {
    return this.#stalled !== undefined;
  }

  /** The message must not change afterwards: it may still have to wait for the client. */
  write(message: Buffer): void {
    const { webSocket, socket } = this.#open;
    if (webSocket.readyState !== webSocket.OPEN) return;
    webSocket.send(message, { binary: false });
    if (this.isFull || !socket.writableNeedDrain) return;
    this.#stalled = setTimeout(() => this.#disconnect(), this.#stallTimeoutMs);
    socket.once('drain', () => this.#drained());
    this.#reader.onFull();
  }

  #drained(): void {
    clearTimeout(this.#stalled);
    this.#stalled = undefined;
    this.#reader.onDrain();
  }

  #disconnect(): void {
    this.#reader.onStalled();
    this.#open.webSocket.terminate();
  }
}
