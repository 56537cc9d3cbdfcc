import { AppError } from '@xerotier/errors';
import type { FastifyRequest } from 'fastify';

/** Of a page of this host, or of a user who typed the address. */
const OWN: ReadonlySet<string> = new Set(['same-origin', 'none']);

/**
 * Rejects requests that a page of another site makes a browser send (CSRF). `Sec-Fetch-Site` is set by browsers alone; without it
 * the `Origin` must name the host of the request. Other clients send an `Origin` themselves.
 * @throws {AppError} `session.origin_not_allowed`.
 */
export function checkOwnSite({ headers, host }: Pick<FastifyRequest, 'headers' | 'host'>): void {
  const site = headers['sec-fetch-site'];
  const isOwn = site === undefined ? hostOf(headers.origin) === host.toLowerCase() : OWN.has(String(site));
  if (!isOwn) throw new AppError('session.origin_not_allowed');
}

/** The host and port of an origin, without a default port, as in the header `Host`. */
function hostOf(origin: string | undefined): string | undefined {
  return origin !== undefined && /^https?:\/\//.test(origin) && URL.canParse(origin) ? new URL(origin).host : undefined;
}
