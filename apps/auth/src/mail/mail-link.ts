/**
 * Returns a link to a page of the site. The token is in the fragment, which browsers send to no server, so that it is in no log.
 * @param publicUrl the setting PUBLIC_URL.
 */
export function mailLink(publicUrl: string, page: string, token: string): string {
  return `${publicUrl.replace(/\/+$/, '')}/${page}#token=${token}`;
}
