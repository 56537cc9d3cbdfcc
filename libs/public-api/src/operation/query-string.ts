/** Queries of URLs, both ways: an object in a query is written as `metadata[topic]=news`. */

const BRACKETED = /^([^[\]]+)\[(.*)\]$/s;

type Text = string | number | boolean;

/** The query of a URL, as `?after=a&metadata[topic]=news`; empty when there is nothing in it. What is undefined is left out. */
export function encodeQuery(
  query: Readonly<Record<string, Text | Readonly<Record<string, Text>> | undefined>>,
): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue;
    if (typeof value !== 'object') parameters.append(name, String(value));
    else for (const [key, inner] of Object.entries(value)) parameters.append(`${name}[${key}]`, String(inner));
  }
  const text = parameters.toString();
  return text === '' ? '' : `?${text}`;
}

/**
 * The names and values of a query, as a parser of URLs gives them, with the parameters of these names put together. Other bracketed
 * names stay as they are.
 */
export function decodeQuery(
  query: Readonly<Record<string, unknown>>,
  names: readonly string[],
): Record<string, unknown> {
  const decoded = new Map<string, unknown>(Object.entries(query));
  for (const name of names) {
    const pairs = Object.entries(query).flatMap(([given, value]) => {
      const [, base, key = ''] = BRACKETED.exec(given) ?? [];
      return base === name ? [[key, value] as const] : [];
    });
    if (pairs.length > 0) decoded.set(name, Object.fromEntries(pairs));
  }
  return Object.fromEntries(decoded);
}
