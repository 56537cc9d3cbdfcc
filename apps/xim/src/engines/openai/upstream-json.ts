/** Parses JSON of servers, including the literals that Python writes for non-finite numbers. */
export type Json = Readonly<Record<string, unknown>>;

/** Strings are matched, too, so that literals within them are ignored. */
const STRING_OR_LITERAL = /"(?:[^"\\]|\\.)*"|-?Infinity\b|NaN\b/g;
/** JSON numbers out of range are parsed as infinities. */
const LITERALS: Readonly<Record<string, string>> = { NaN: 'null', Infinity: '1e999', '-Infinity': '-1e999' };

/**
 * Parses a JSON text. `NaN` becomes null; `Infinity` and `-Infinity` are accepted.
 * @throws {SyntaxError} when it is invalid otherwise.
 */
export function parseUpstreamJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!text.includes('NaN') && !text.includes('Infinity')) throw error;
    return JSON.parse(text.replace(STRING_OR_LITERAL, (match) => LITERALS[match] ?? match));
  }
}

export function asObject(value: unknown): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}
