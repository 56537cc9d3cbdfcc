/** The cookie of a sign-in by an identity provider: what auth has sealed, until the next step. */
import { SIGN_IN_COOKIE } from '@xerotier/public-api/operation';
import { cookieIn, HOST_COOKIE_ATTRIBUTES } from './host-cookie.ts';

/** Base64url without padding. */
const SEALED = /^[A-Za-z0-9_-]{1,4096}$/;

/** Returns the value of the cookie; undefined without one, and for one that cannot be of auth. */
export function signInCookieIn(header: string | undefined): string | undefined {
  const value = cookieIn(header, SIGN_IN_COOKIE);
  return value !== undefined && SEALED.test(value) ? value : undefined;
}

/** @param expiresAt in Unix milliseconds. */
export function signInCookie(sealed: string, expiresAt: number): string {
  const seconds = Math.max(0, Math.floor((expiresAt - Date.now()) / 1_000));
  return `${SIGN_IN_COOKIE}=${sealed}; Max-Age=${seconds}; ${HOST_COOKIE_ATTRIBUTES}`;
}

export const removedSignInCookie = `${SIGN_IN_COOKIE}=; Max-Age=0; ${HOST_COOKIE_ATTRIBUTES}`;
