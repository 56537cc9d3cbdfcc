/** JSON as servers write it: also with the bare words that Python puts in the place of numbers that are none. */
export type Json = Readonly<Record<string, unknown>>;

/** Strings are matched so that a bare word within one is left alone. */
const STRING_OR_BARE_WORD = /"(?:[^"\\]|\\.)*"|-?Infinity\b|NaN\b/g;
/** Written so, numbers are read as the infinities again. */
const BARE_WORDS: Readonly<Record<string, string>> = { NaN: 'null', Infinity: '1e999', '-Infinity': '-1e999' };

/**
 * The value of a JSON text. `NaN` is null, `Infinity` and `-Infinity` are what they say.
 * @throws {SyntaxError} when it is no JSON otherwise.
 */
export function parseUpstreamJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!text.includes('NaN') && !text.includes('Infinity')) throw error;
    return JSON.parse(text.replace(STRING_OR_BARE_WORD, (found) => BARE_WORDS[found] ?? found));
  }
}

export function asObject(value: unknown): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}
