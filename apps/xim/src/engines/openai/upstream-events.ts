/**
 * The body of a response as events, whatever its content type says: server-sent events, or JSON that is all there is. Servers
 * and what stands before them send either under any name, and the first byte tells them apart.
 */
import { SseParser } from './sse-parser.ts';

const EVENT_LENGTH_MAX = 8 * 2 ** 20;
const STREAM_BYTES_MAX = 2 ** 30;
const JSON_BYTES_MAX = 64 * 2 ** 20;
/** Of white space before anything else, more is not looked at. */
const PEEKED_BYTES_MAX = 64 * 2 ** 10;
const OPEN_BRACE = 0x7b;
const OPEN_BRACKET = 0x5b;

export interface UpstreamEvents {
  /** There is one event, the whole body. */
  readonly whole: boolean;
  /** The data of each. Leaving the loop closes the connection. */
  readonly data: AsyncIterable<string>;
}

export interface PeekedBody {
  /** The first byte that is no white space; undefined when there is none. */
  readonly first: number | undefined;
  /** All of the body. */
  readonly parts: AsyncIterable<Uint8Array>;
}

/** Waits for the first byte that is no white space, up to a bound, and takes nothing away. */
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

export function beginsJson(first: number | undefined): boolean {
  return first === OPEN_BRACE || first === OPEN_BRACKET;
}

export async function readEvents(body: AsyncIterable<Uint8Array>): Promise<UpstreamEvents> {
  const { first, parts } = await peek(body);
  const whole = beginsJson(first);
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
  // Unlike a buffer it passes over a byte order mark.
  yield new TextDecoder().decode(Buffer.concat(all));
}

/** What was looked at already, then the rest. */
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

/** With the byte order mark, whose three bytes no text begins with otherwise. */
function isSpace(byte: number): boolean {
  return byte <= 0x20 || byte === 0xef || byte === 0xbb || byte === 0xbf;
}
