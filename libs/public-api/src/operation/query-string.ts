/** Encodes and decodes query strings; an object is encoded as `metadata[topic]=news`. */

const BRACKETED = /^([^[\]]+)\[(.*)\]$/s;

type Text = string | number | boolean;

/** Returns a query string such as `?after=a&metadata[topic]=news`, or an empty string. Undefined values are omitted. */
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
 * Combines the bracketed parameters with these names to objects. Other bracketed names are unchanged.
 * @param query parsed names and values of a query string.
 */
export function decodeQuery(
  query: Readonly<Record<string, unknown>>,
  names: readonly string[],
): Record<string, unknown> {
  const decoded = new Map<string, unknown>(Object.entries(query));
  for (const name of names) {
    const pairs = Object.entries(query).flatMap(([parameter, value]) => {
      const [, base, key = ''] = BRACKETED.exec(parameter) ?? [];
      return base === name ? [[key, value] as const] : [];
    });
    if (pairs.length > 0) decoded.set(name, Object.fromEntries(pairs));
  }
  return Object.fromEntries(decoded);
}
