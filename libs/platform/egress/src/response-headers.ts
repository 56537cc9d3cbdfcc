export type ResponseHeaders = ReadonlyMap<string, string>;

/** Values of the same name are joined, as HTTP allows. */
export function parseHttpHeaders(headers: Readonly<Record<string, string | string[] | undefined>>): ResponseHeaders {
  const entries = Object.entries(headers).filter(
    (entry): entry is [string, string | string[]] => entry[1] !== undefined,
  );
  return new Map(entries.map(([name, value]) => [name.toLowerCase(), Array.isArray(value) ? value.join(', ') : value]));
}
