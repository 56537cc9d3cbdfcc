/**
 * A request without a connection, and its response: what Fastify, Nest and this service use of those of Node. Injection by Fastify does the
 * same with real streams and a real `ServerResponse`, and costs more than everything else that a line needs.
 */
import { EventEmitter } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { markAsLine } from '../requests/batch-line.ts';
import type { BatchLine } from '../requests/batch-line.ts';

type Headers = Readonly<Record<string, OutgoingHttpHeaders[string]>>;

/** A line has no connection: neither an address, nor anything that closes. */
const NO_SOCKET = { remoteAddress: undefined, encrypted: false, destroyed: false, on: () => undefined };

class LineRequest extends EventEmitter {
  readonly method = 'POST';
  readonly httpVersion = '1.1';
  readonly httpVersionMajor = 1;
  readonly httpVersionMinor = 1;
  readonly socket = NO_SOCKET;
  readonly complete = true;
  readonly aborted = false;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly #body: Buffer;

  constructor(url: string, body: Buffer) {
    super();
    this.url = url;
    this.headers = { 'content-type': 'application/json', 'content-length': String(body.length) };
    this.#body = body;
  }

  /** Called once by whoever reads the body. */
  resume(): void {
    if (this.#body.length > 0) this.emit('data', this.#body);
    this.emit('end');
  }
}

class LineResponse extends EventEmitter {
  readonly req: LineRequest;
  statusCode = 200;
  headersSent = false;
  writableEnded = false;
  writableFinished = false;
  destroyed = false;
  readonly #headers = new Map<string, OutgoingHttpHeaders[string]>();
  readonly #chunks: Buffer[] = [];

  constructor(request: LineRequest) {
    super();
    this.req = request;
  }

  get body(): Buffer {
    const [first, ...others] = this.#chunks;
    return first !== undefined && others.length === 0 ? first : Buffer.concat(this.#chunks);
  }

  setHeader(name: string, value: OutgoingHttpHeaders[string]): this {
    this.#headers.set(name.toLowerCase(), value);
    return this;
  }

  getHeader(name: string): OutgoingHttpHeaders[string] {
    return this.#headers.get(name.toLowerCase());
  }

  getHeaders(): OutgoingHttpHeaders {
    return Object.fromEntries(this.#headers);
  }

  hasHeader(name: string): boolean {
    return this.#headers.has(name.toLowerCase());
  }

  removeHeader(name: string): void {
    this.#headers.delete(name.toLowerCase());
  }

  writeHead(statusCode: number, headers: Headers = {}): this {
    this.statusCode = statusCode;
    for (const name in headers) this.setHeader(name, headers[name]);
    this.headersSent = true;
    return this;
  }

  write(chunk: string | Uint8Array): boolean {
    this.headersSent = true;
    this.#chunks.push(
      typeof chunk === 'string' ? Buffer.from(chunk) : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length),
    );
    return true;
  }

  end(chunk?: string | Uint8Array | null): this {
    if (this.writableEnded) return this;
    if (chunk !== undefined && chunk !== null) this.write(chunk);
    this.headersSent = true;
    this.writableEnded = true;
    // As Node does, after whoever has called it.
    queueMicrotask(() => {
      if (this.destroyed) return;
      this.writableFinished = true;
      this.emit('finish');
      this.emit('close');
    });
    return this;
  }

  /** The client is not interested any more, or the response has failed in its middle. */
  destroy(): this {
    if (this.destroyed || this.writableFinished) return this;
    this.destroyed = true;
    queueMicrotask(() => this.emit('close'));
    return this;
  }
}

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** What was written to the response. Complete once it has ended. */
  body(): Buffer;
}

export function lineExchange(url: string, body: Buffer, line: BatchLine): Exchange {
  const ownRequest = new LineRequest(url, body);
  const ownResponse = new LineResponse(ownRequest);
  const request = ownRequest as unknown as IncomingMessage;
  markAsLine(request, line);
  return { request, response: ownResponse as unknown as ServerResponse, body: () => ownResponse.body };
}
