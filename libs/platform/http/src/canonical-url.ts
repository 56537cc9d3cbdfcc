/**
 * Normalizes URLs. Clients join a base URL and a path with duplicate slashes (`/v1//models`), and users add a trailing
 * slash (`/docs/`): both address the same resource. An encoded slash (`%2F`) is part of a path segment and stays.
 */

const FURTHER_SLASHES = /\/{2,}/g;
/** Most URLs are canonical: the path begins with one slash and has no duplicate or trailing slashes. */
const CANONICAL = /^\/(?:$|[?#]|(?:[^/?#]+(?:\/[^/?#]+)*(?:$|[?#])))/;
/** A request line may contain an absolute URL (RFC 9112, 3.2.2); its host is ignored. */
const ABSOLUTE = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i;

/** @param url as in the request line. The query is not changed. */
export function canonicalUrl(url: string): string {
  if (CANONICAL.test(url)) return url;
  const relative = url.replace(ABSOLUTE, '');
  const end = relative.search(/[?#]/);
  const path = end < 0 ? relative : relative.slice(0, end);
  const merged = path.replace(FURTHER_SLASHES, '/').replace(/(?<=.)\/$/, '');
  return (merged === '' ? '/' : merged) + relative.slice(path.length);
}
