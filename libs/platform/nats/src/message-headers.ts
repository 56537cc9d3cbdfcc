/**
 * Encodes and decodes the headers of messages. The client's own class validates and canonicalizes each name, and searches all
 * names for each one that is set or read: four times the work, for every message of the hot path.
 */
import type { Msg, MsgHdrs } from '@nats-io/nats-core';

const VERSION = 'NATS/1.0';
const LINE_BREAK = /[\r\n]/;

/**
 * Returns headers that can only be sent: the client requests only their bytes.
 * @throws {RangeError} when a value contains a line break, which would start another header.
 */
export function encodeHeaders(values: Readonly<Record<string, string | undefined>>): MsgHdrs {
  let text = VERSION;
  for (const name in values) {
    const value = values[name];
    if (value === undefined) continue;
    if (LINE_BREAK.test(value)) throw new RangeError(`Header ${name} contains a line break`);
    text += `\r\n${name}: ${value}`;
  }
  const bytes = Buffer.from(`${text}\r\n\r\n`);
  return { encode: () => bytes } as unknown as MsgHdrs;
}

/** Received headers by name. A name that was sent several times has its last value. */
export type Headers = ReadonlyMap<string, string>;

/** The fields of the client's messages that hold their bytes; the public ones decode the headers. */
interface ReceivedBytes {
  readonly _rdata: Uint8Array;
  /** `hdr` is the length of the headers; -1 without headers. */
  readonly _msg: { readonly hdr: number };
}

const NO_HEADERS: Headers = new Map();

export function decodeHeaders(message: Msg): Headers {
  const { _rdata: data, _msg } = message as unknown as ReceivedBytes;
  if (_msg.hdr <= 0) return NO_HEADERS;
  const text = Buffer.from(data.buffer, data.byteOffset, _msg.hdr).toString('utf8');
  const headers = new Map<string, string>();
  // The first line has the version and, in messages of the server itself, a status.
  for (let start = text.indexOf('\r\n') + 2; start > 1;) {
    const end = text.indexOf('\r\n', start);
    if (end <= start) break;
    const colon = text.indexOf(':', start);
    if (colon > start && colon < end) headers.set(text.slice(start, colon), text.slice(colon + 1, end).trim());
    start = end + 2;
  }
  return headers;
}
