/** HTTP as bytes on a socket, for what no client library would send or show. */
import { connect } from 'node:net';
import type { Socket } from 'node:net';

export interface RawResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const TIMEOUT_MS = 20_000;

/** Sends bytes and reads until the server closes the connection; a request should ask for that. */
export function rawExchange(baseUrl: string, ...bytes: (string | Buffer)[]): Promise<RawResponse> {
  return new Promise((resolve, reject) => {
    const socket = open(baseUrl);
    const received: Buffer[] = [];
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error(`The connection is still open. It said: ${Buffer.concat(received).toString()}`));
    }, TIMEOUT_MS);
    socket.on('data', (chunk) => received.push(chunk));
    // A server that has answered early may reset the connection while the rest is still being sent.
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

/** The pieces of a chunked body: what the server wrote at once. */
export function httpChunksOf(body: string): string[] {
  const bytes = Buffer.from(body, 'latin1');
  const chunks: string[] = [];
  for (let at = 0; ;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    const length = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    if (Number.isNaN(length)) throw new Error(`No chunk length at byte ${at}`);
    if (length === 0) return chunks;
    chunks.push(bytes.toString('utf8', lineEnd + 2, lineEnd + 2 + length));
    at = lineEnd + 2 + length + 2;
  }
}

/** A POST with a JSON body that asks the server to close the connection afterwards. */
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

/** The body stays bytes in text form (latin1), since a chunked one is counted in bytes. */
function parse(bytes: Buffer): RawResponse {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) throw new Error(`This is no HTTP answer: ${JSON.stringify(bytes.toString().slice(0, 500))}`);
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
