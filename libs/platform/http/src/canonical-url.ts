/**
 * One spelling of each URL. Clients put a base URL and a path together with a slash too many (`/v1//models`), and people end a
 * path with one (`/docs/`): both mean what they mean without it. An encoded slash (`%2F`) is a part of a name, and stays.
 */

const FURTHER_SLASHES = /\/{2,}/g;
/** Most URLs have nothing to change: a path that begins with one slash, and then neither two in a row nor one at its end. */
const CANONICAL = /^\/(?:$|[?#]|(?:[^/?#]+(?:\/[^/?#]+)*(?:$|[?#])))/;
/** A request line may name the whole URL (RFC 9112, 3.2.2); its host is not looked at. */
const ABSOLUTE = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i;

/** @param url as it stands in the request line. The query stays as it is. */
export function canonicalUrl(url: string): string {
  if (CANONICAL.test(url)) return url;
  const relative = url.replace(ABSOLUTE, '');
  const end = relative.search(/[?#]/);
  const path = end < 0 ? relative : relative.slice(0, end);
  const merged = path.replace(FURTHER_SLASHES, '/').replace(/(?<=.)\/$/, '');
  return (merged === '' ? '/' : merged) + relative.slice(path.length);
}
