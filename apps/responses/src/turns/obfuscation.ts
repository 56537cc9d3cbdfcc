import { randomBytes } from 'node:crypto';

/** Deltas are padded to multiples of this many characters, so that their lengths do not tell the tokens. */
const UNIT = 32;

/** What the type of an event that is padded ends with. */
const DELTA = '.delta"';
const TYPE_LENGTH_MAX = 64;

/** Returns the event with padding, if it is a delta. */
export function obfuscated(json: string): string {
  if (!json.slice(0, TYPE_LENGTH_MAX).includes(DELTA)) return json;
  // The length of the event tells that of the delta: everything else in it is known.
  const missing = UNIT - (Buffer.byteLength(json) % UNIT);
  const padding = randomBytes(missing).toString('base64url').slice(0, missing);
  return `${json.slice(0, -1)},"obfuscation":"${padding}"}`;
}
