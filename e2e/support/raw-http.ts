/** Raw HTTP over a socket, for requests and responses that client libraries do not support. */
import { connect } from 'node:net';
import type { Socket } from 'node:net';

export interface RawResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const TIMEOUT_MS = 20_000;

/** Sends bytes and reads until the server closes the connection, so requests should have `Connection: close`. */
export function rawExchange(baseUrl: string, ...bytes: (string | Buffer)[]): Promise<RawResponse> {
  return new Promise((resolve, reject) => {
    const socket = open(baseUrl);
    const received: Buffer[] = [];
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error(`the connection is still open. Received: ${Buffer.concat(received).toString()}`));
    }, TIMEOUT_MS);
    socket.on('data', (chunk) => received.push(chunk));
    // A server that responds early may reset the connection while the rest is being sent.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(timer);
      try {
        resolve(parse(Buffer.concat(received)));
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    });
    for (const part of bytes) socket.write(part);
  });
}

/** Returns the chunks of a body with chunked transfer encoding. */
export function httpChunksOf(body: string): string[] {
  const bytes = Buffer.from(body, 'latin1');
  const chunks: string[] = [];
  for (let at = 0; ;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    const length = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    if (Number.isNaN(length)) throw new Error(`there is no chunk length at byte ${at}`);
    if (length === 0) return chunks;
    chunks.push(bytes.toString('utf8', lineEnd + 2, lineEnd + 2 + length));
    at = lineEnd + 2 + length + 2;
  }
}

/** Returns the text of a POST request with a JSON body and `Connection: close`. */
export function postText(url: string, key: string, body: string): string {
  const { host, pathname } = new URL(url);
  return [
    `POST ${pathname} HTTP/1.1`,
    `Host: ${host}`,
    `Authorization: Bearer ${key}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    '',
    body,
  ].join('\r\n');
}

export function open(baseUrl: string): Socket {
  const { hostname, port } = new URL(baseUrl);
  return connect({ host: hostname, port: Number(port) });
}

/** The body is decoded as latin1, since the lengths of chunks are in bytes. */
function parse(bytes: Buffer): RawResponse {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) throw new Error(`not an HTTP response: ${JSON.stringify(bytes.toString().slice(0, 500))}`);
  const [statusLine = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n');
  const headers = lines.map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
  });
  return {
    status: Number(statusLine.split(' ')[1]),
    headers: Object.fromEntries(headers),
    body: bytes.toString('latin1', end + 4),
  };
}
