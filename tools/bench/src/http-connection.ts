import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { HttpResponseParser } from './http-response-parser.ts';

/** Handles one response; exactly one of `end` and `failed` is called, last. */
export interface ResponseHandler {
  head(status: number): void;
  /** A part of the body; a view of a shared buffer, so copy what is to be kept. */
  body(part: Buffer): void;
  end(): void;
  failed(error: Error): void;
}

interface Address {
  host: string;
  port: number;
}

/**
 * All connections read into this one buffer: a read is handled completely before the next one starts, so that a
 * thousand streams need no buffers of their own and create no garbage.
 */
const readBuffer = Buffer.allocUnsafe(256 * 1024);

/**
 * One keep-alive connection that carries one request at a time, directly on a socket: at fifty thousand tokens per
 * second an HTTP client with streams, objects and events per chunk would cost more than the measured gateways.
 */
export class HttpConnection {
  readonly #address: Address;
  #socket: Socket | undefined;
  #parser: HttpResponseParser | undefined;
  #handler: ResponseHandler | undefined;
  #readPauseMs = 0;
  #resumeTimer: NodeJS.Timeout | undefined;
  readonly #onRead = (length: number, buffer: Uint8Array): boolean => this.#read(length, buffer as Buffer);

  constructor(address: Address) {
    this.#address = address;
  }

  /**
   * Pauses the socket for this time after each read, from now until the end of the response (0 reads at once). Data
   * waits in the kernel meanwhile, and one read fetches several frames.
   */
  set readPauseMs(readPauseMs: number) {
    this.#readPauseMs = readPauseMs;
  }

  /** Resolves when connected; rejects when that fails. Does nothing when already connected. */
  async open(): Promise<void> {
    if (this.#socket !== undefined) return;
    await new Promise<void>((resolve, reject) => {
      const socket = this.#connect();
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
  }

  /** Sends a whole request (head and body). Reconnects a closed connection. */
  send(request: Buffer, handler: ResponseHandler): void {
    if (this.#handler !== undefined) throw new Error('A request is already in progress on this connection.');
    this.#handler = handler;
    this.#readPauseMs = 0;
    (this.#socket ?? this.#connect()).write(request);
  }

  /** Closes at once; a request in progress fails with `reason`. */
  close(reason = 'connection closed'): void {
    this.#drop(new Error(reason));
  }

  #connect(): Socket {
    const socket = connect({
      host: this.#address.host,
      port: this.#address.port,
      noDelay: true,
      onread: { buffer: readBuffer, callback: this.#onRead },
    });
    const parser = new HttpResponseParser({
      head: (status) => this.#handler?.head(status),
      body: (part) => this.#handler?.body(part),
      end: (reusable) => this.#end(reusable),
    });
    this.#parser = parser;
    this.#socket = socket;
    socket.on('error', (error) => this.#drop(error, socket));
    socket.on('close', () => {
      if (this.#socket === socket) parser.close();
      this.#drop(new Error('The server closed the connection before the end of the response.'), socket);
    });
    return socket;
  }

  #read(length: number, buffer: Buffer): boolean {
    if (this.#handler === undefined) {
      this.#drop(new Error('The server sent data without a request.'));
      return false;
    }
    try {
      this.#parser?.push(buffer.subarray(0, length));
    } catch (error) {
      this.#drop(error as Error);
      return false;
    }
    if (this.#readPauseMs === 0 || this.#handler === undefined) return true;
    this.#resumeTimer = setTimeout(this.#resume, this.#readPauseMs);
    return false;
  }

  #resume = (): void => {
    this.#socket?.resume();
  };

  #end(reusable: boolean): void {
    const handler = this.#handler;
    this.#handler = undefined;
    this.#readPauseMs = 0;
    if (!reusable) this.#drop(new Error('unused'));
    handler?.end();
  }

  #drop(error: Error, from?: Socket): void {
    if (from !== undefined && from !== this.#socket) return;
    clearTimeout(this.#resumeTimer);
    this.#socket?.destroy();
    this.#socket = undefined;
    this.#parser = undefined;
    const handler = this.#handler;
    this.#handler = undefined;
    handler?.failed(error);
  }
}
