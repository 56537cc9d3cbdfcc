/**
 * Reads a response body as server-sent events or as one JSON document. Servers and proxies send either with any content type, so
 * the first byte decides.
 */
import { SseParser } from './sse-parser.ts';

const EVENT_LENGTH_MAX = 8 * 2 ** 20;
const STREAM_BYTES_MAX = 2 ** 30;
const JSON_BYTES_MAX = 64 * 2 ** 20;
/** Maximum of leading white space that is skipped. */
const PEEKED_BYTES_MAX = 64 * 2 ** 10;
const OPEN_BRACE = 0x7b;
const OPEN_BRACKET = 0x5b;

export interface UpstreamEvents {
  /** Whether there is a single event, the whole body. */
  readonly whole: boolean;
  /** The data of each event. Ending the iteration closes the connection. */
  readonly data: AsyncIterable<string>;
}

export interface PeekedBody {
  /** The first byte that is not white space; undefined when there is none. */
  readonly first: number | undefined;
  /** The whole body. */
  readonly parts: AsyncIterable<Uint8Array>;
}

/** Waits for the first byte that is not white space, up to a limit, without consuming the body. */
export async function peek(body: AsyncIterable<Uint8Array>): Promise<PeekedBody> {
  const rest = body[Symbol.asyncIterator]();
  const seen: Uint8Array[] = [];
  let length = 0;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) {
    seen.push(next.value);
    const first = next.value.find((byte) => !isSpace(byte));
    length += next.value.length;
    if (first !== undefined || length > PEEKED_BYTES_MAX) return { first, parts: rejoined(seen, rest) };
  }
  return { first: undefined, parts: rejoined(seen, rest) };
}

export function startsJson(first: number | undefined): boolean {
  return first === OPEN_BRACE || first === OPEN_BRACKET;
}

export async function readEvents(body: AsyncIterable<Uint8Array>): Promise<UpstreamEvents> {
  const { first, parts } = await peek(body);
  const whole = startsJson(first);
  return { whole, data: whole ? wholeBody(parts) : serverSentEvents(parts) };
}

async function* serverSentEvents(parts: AsyncIterable<Uint8Array>): AsyncGenerator<string, void> {
  const parser = new SseParser(EVENT_LENGTH_MAX);
  let bytes = 0;
  for await (const part of parts) {
    bytes += part.length;
    if (bytes > STREAM_BYTES_MAX) throw new Error(`The stream is longer than ${STREAM_BYTES_MAX} bytes.`);
    yield* parser.push(part);
  }
  yield* parser.end();
}

async function* wholeBody(parts: AsyncIterable<Uint8Array>): AsyncGenerator<string, void> {
  const all: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of parts) {
    bytes += part.length;
    if (bytes > JSON_BYTES_MAX) throw new Error(`The response is longer than ${JSON_BYTES_MAX} bytes.`);
    all.push(part);
  }
  // Unlike `Buffer`, the decoder skips a byte order mark.
  yield new TextDecoder().decode(Buffer.concat(all));
}

/** Yields the parts that were read already, then the rest. */
async function* rejoined(
  first: readonly Uint8Array[],
  rest: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array, void> {
  try {
    yield* first;
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}

/** Includes the bytes of the byte order mark. */
function isSpace(byte: number): boolean {
  return byte <= 0x20 || byte === 0xef || byte === 0xbb || byte === 0xbf;
}
