/**
 * Endpoints by host name: `{endpoint}.{project}.<domain>/v1/...` is `/{project}/{endpoint}/v1/...`, and
 * `{project}.<domain>/v1/...` is `/{project}/v1/...`. Only the path is rewritten, before authorization, so a forged host gains
 * nothing.
 */

/** A host name, with an optional trailing dot and port. */
const HOST = /^([a-z0-9._-]{1,253}?)\.?(?::[0-9]{1,5})?$/i;
/** The labels before the domain. Those that are not valid ids are a 404, as in a path. */
const ADDRESS = /^(?:([a-z0-9_-]{1,63})\.)?proj_([a-z0-9_-]{1,58})$/;
/** Existing versions of the API; `/v2` has one route. */
const VERSIONED = /^\/v[12](?:[/?]|$)/;

/**
 * Rewrites the URL for a host below `domain`. Returns it unchanged for other hosts, and if it does not start with a version.
 * @param domain in lower case, without leading and trailing dots.
 */
export function urlByPath(host: string | undefined, url: string, domain: string): string {
  if (host === undefined || !VERSIONED.test(url)) return url;
  const name = HOST.exec(host)?.[1]?.toLowerCase() ?? '';
  const suffix = `.${domain}`;
  if (!name.endsWith(suffix)) return url;
  const address = ADDRESS.exec(name.slice(0, -suffix.length));
  if (address === null) return url;
  // Hosts are sent in lower case, but project ids are upper case.
  const [, endpoint, id = ''] = address;
  const base = `/proj_${id.toUpperCase()}`;
  return endpoint === undefined ? base + url : `${base}/${endpoint}${url}`;
}
