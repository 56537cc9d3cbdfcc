/**
 * The address of an endpoint as a host name: `{endpoint}.{project}.<domain>/v1/...` is `/{project}/{endpoint}/v1/...`, and
 * `{project}.<domain>/v1/...` is `/{project}/v1/...`. This only spells the path; whether its key may go there is decided
 * where it always is, so a host that lies gains nothing.
 */

/** A name, with or without the dot of the root and a port. */
const HOST = /^([a-z0-9._-]{1,253}?)\.?(?::[0-9]{1,5})?$/i;
/** What stands before the domain. Not every label here is a project or an endpoint that there can be: 404, as by path. */
const ADDRESS = /^(?:([a-z0-9_-]{1,63})\.)?proj_([a-z0-9_-]{1,58})$/;
/** The versions of the API that there are; `/v2` has one route. */
const VERSIONED = /^\/v[12](?:[/?]|$)/;

/**
 * The URL by path, for a host below `domain`; any other URL as it is, and so is one that does not begin with a version.
 * @param domain in lower case, without dots at its ends.
 */
export function urlByPath(host: string | undefined, url: string, domain: string): string {
  if (host === undefined || !VERSIONED.test(url)) return url;
  const name = HOST.exec(host)?.[1]?.toLowerCase() ?? '';
  const suffix = `.${domain}`;
  if (!name.endsWith(suffix)) return url;
  const address = ADDRESS.exec(name.slice(0, -suffix.length));
  if (address === null) return url;
  // Clients write hosts in lower case, and ids of projects are upper case.
  const [, endpoint, id = ''] = address;
  const base = `/proj_${id.toUpperCase()}`;
  return endpoint === undefined ? base + url : `${base}/${endpoint}${url}`;
}
