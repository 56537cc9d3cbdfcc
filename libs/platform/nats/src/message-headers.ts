/**
 * Headers of a message that is about to be sent. The client's own class searches all names that are there, twice, for
 * each one that is set; ours are a few known names, written once.
 */
import type { MsgHdrs } from '@nats-io/nats-core';

const VERSION = 'NATS/1.0';
const LINE_BREAK = /[\r\n]/;

/**
 * Headers that can be sent and nothing else: the client asks for their bytes only.
 * @throws {RangeError} when a value holds a line break, which would begin another header.
 */
export function encodeHeaders(values: Readonly<Record<string, string | undefined>>): MsgHdrs {
  let text = VERSION;
  for (const name in values) {
    const value = values[name];
    if (value === undefined) continue;
    if (LINE_BREAK.test(value)) throw new RangeError(`the header ${name} may not hold a line break`);
    text += `\r\n${name}: ${value}`;
  }
  const bytes = Buffer.from(`${text}\r\n\r\n`);
  return { encode: () => bytes } as unknown as MsgHdrs;
}
