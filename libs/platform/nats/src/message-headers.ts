/**
 * Encodes headers of an outgoing message. The client's own class searches all existing names twice for each one that is
 * set; here a few known names are written once.
 */
import type { MsgHdrs } from '@nats-io/nats-core';

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
