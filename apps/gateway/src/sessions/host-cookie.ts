/**
 * Browsers accept cookies with the prefix `__Host-` with these attributes only: the cookie belongs to this host, and is never sent
 * in clear text. `Lax`, so that it comes with the redirect of an identity provider, and not with requests of other sites.
 */
export const HOST_COOKIE_ATTRIBUTES = 'Path=/; Secure; HttpOnly; SameSite=Lax';

/** Returns the value of a cookie in a `Cookie` header. */
export function cookieIn(header: string | undefined, name: string): string | undefined {
  const prefix = `${name}=`;
  const pair = header?.split(';').find((each) => each.trimStart().startsWith(prefix));
  return pair?.trim().slice(prefix.length);
}
