import { AppError } from '@xerotier/errors';
import { validateHeaderName, validateHeaderValue } from 'node:http';

export type RequestHeaders = Readonly<Record<string, string>>;

const BYTES_MAX = 16 * 1_024;
/** They belong to the connection, decide where it goes, or are none of the caller's business. */
const RESERVED = new Set(
  (
    'host connection keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer transfer-encoding upgrade ' +
    'content-length expect accept-encoding cookie'
  ).split(' '),
);
/** All that another origin is sent after a redirect: any other header can contain a credential. */
const FOR_ANY_ORIGIN = new Set(['accept', 'accept-language', 'content-type', 'user-agent']);

/**
 * Returns the headers in lower case.
 * @throws {AppError} `egress.header_not_allowed`.
 */
export function parseHeaders(headers: RequestHeaders): RequestHeaders {
  const parsed = Object.entries(headers).map(([name, value]): [string, string] => [nameOf(name, value), value]);
  const bytes = parsed.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  if (bytes > BYTES_MAX) throw notAllowed(`the headers are longer than ${BYTES_MAX} bytes in total`);
  return Object.fromEntries(parsed);
}

export function headersForOtherOrigin(headers: RequestHeaders): RequestHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => FOR_ANY_ORIGIN.has(name)));
}

export function headersWithoutContent(headers: RequestHeaders): RequestHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith('content-')));
}

function nameOf(name: string, value: string): string {
  try {
    validateHeaderName(name);
  } catch {
    throw notAllowed('its name is not valid');
  }
  const lowerCase = name.toLowerCase();
  if (RESERVED.has(lowerCase)) throw notAllowed(`${lowerCase} is reserved`);
  try {
    validateHeaderValue(name, value);
  } catch {
    // The value may be a secret.
    throw notAllowed(`the value of ${lowerCase} is not valid`);
  }
  return lowerCase;
}

function notAllowed(reason: string): AppError {
  return new AppError('egress.header_not_allowed', { reason });
}
