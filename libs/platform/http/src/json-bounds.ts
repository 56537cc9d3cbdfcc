/** Limits of a JSON text. */
export interface JsonBounds {
  /** Nested objects and arrays. */
  readonly depthMax: number;
  /** Objects, arrays and keys, in total. */
  readonly partsMax: number;
}

/** Of the body of a request. */
export const BODY_BOUNDS: JsonBounds = { depthMax: 64, partsMax: 100_000 };

/**
 * Returns the limit that the JSON in these bytes exceeds; the scan stops there. A parser accepts millions of levels, on
 * which any recursion over the value overflows the stack, and takes seconds for an object with a million keys. So both
 * are checked before parsing. For invalid JSON the result is arbitrary, and the parser rejects it.
 */
export function exceededJsonBound(bytes: Uint8Array, { depthMax, partsMax }: JsonBounds): keyof JsonBounds | undefined {
  let depth = 0;
  let parts = 0;
  let inString = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (inString) {
      if (byte === BACKSLASH) at += 1;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) inString = true;
    else if (byte === COLON || byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      parts += 1;
      if (byte !== COLON) depth += 1;
      if (depth > depthMax) return 'depthMax';
      if (parts > partsMax) return 'partsMax';
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) depth -= 1;
  }
  return undefined;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
