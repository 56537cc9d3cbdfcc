/** The token of a session: 256 random bits, in a cookie of the browser. Only its hash leaves the gateway. */
import { SESSION_COOKIE } from '@xerotier/public-api/operation';
import { hash, randomBytes } from 'node:crypto';
import { cookieIn, HOST_COOKIE_ATTRIBUTES } from './host-cookie.ts';

const TOKEN_BYTES = 32;
/** Base64url without padding. */
const TOKEN = /^[A-Za-z0-9_-]{43}$/;

export function newSessionToken(): string {
  return randomBytes(TOKEN_BYTES).toString('base64url');
}

/** In hex, as auth stores it. */
export function hashOfToken(token: string): string {
  return hash('sha256', token);
}

/** Returns the token of a `Cookie` header; undefined without one, and for one that cannot be a token. */
export function sessionTokenIn(header: string | undefined): string | undefined {
  const token = cookieIn(header, SESSION_COOKIE);
  return token !== undefined && TOKEN.test(token) ? token : undefined;
}

/** @param expiresAt in Unix milliseconds. */
export function sessionCookie(token: string, expiresAt: number): string {
  const seconds = Math.max(0, Math.floor((expiresAt - Date.now()) / 1_000));
  return `${SESSION_COOKIE}=${token}; Max-Age=${seconds}; ${HOST_COOKIE_ATTRIBUTES}`;
}

export const removedSessionCookie = `${SESSION_COOKIE}=; Max-Age=0; ${HOST_COOKIE_ATTRIBUTES}`;
