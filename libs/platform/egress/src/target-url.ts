/**
 * The URLs that are fetched. They are parsed once, by the parser whose result is also connected to, so that there are no two
 * opinions about the host. What is parsed must have been written in the usual form: what is spelled otherwise is meant to look
 * like something else.
 */
import { AppError } from '@xerotier/errors';
import { isIP } from 'node:net';
import { domainToUnicode } from 'node:url';

export type Scheme = 'http' | 'https';

export interface TargetRules {
  readonly schemes: readonly Scheme[];
  readonly ports: readonly number[];
  /** Whether names are resolved that are internal by convention. */
  readonly internalNames: boolean;
}

export interface Target {
  readonly url: URL;
  /** A name, or an address without brackets. */
  readonly host: string;
}

const LENGTH_MAX = 8_192;
const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 };
const UNUSUAL = /[\u0000-\u001f\u007f\\]|^\s|\s$/u;
const AUTHORITY = /^(?:[a-z][a-z\d+.-]*:)?\/\/([^/?#]*)/iu;
/** Names of the machine itself and of local networks (RFC 6761, 6762, 8375 and 9476, and suffixes of hosts files, clusters and clouds). */
const INTERNAL_NAME = /^[^.]+$|(?:^|\.)(?:localhost|localdomain|local|internal|home\.arpa|alt|onion|test|invalid)$/u;

/**
 * @param base of a redirect, which may be relative.
 * @throws {AppError} `egress.url_not_allowed`; `egress.address_not_allowed` for an internal name.
 */
export function parseTarget(text: string, rules: TargetRules, base?: URL): Target {
  if (text.length > LENGTH_MAX) throw notAllowed(`it is longer than ${LENGTH_MAX} characters`);
  if (UNUSUAL.test(text)) throw notAllowed('it contains a backslash, a control character, or white space around it');
  const url = URL.parse(text, base?.href);
  if (url === null) throw notAllowed('it is not a valid absolute URL');
  const scheme = url.protocol.slice(0, -1);
  if (!rules.schemes.some((allowed) => allowed === scheme)) {
    throw notAllowed(`it must begin with ${rules.schemes.map((allowed) => `${allowed}://`).join(' or ')}`);
  }
  if (url.username !== '' || url.password !== '') throw notAllowed('it contains a user name or a password');
  checkSpelling(text, url, base);
  const port = url.port === '' ? DEFAULT_PORTS[url.protocol] : Number(url.port);
  if (port === undefined || !rules.ports.includes(port)) {
    throw notAllowed(`its port must be ${rules.ports.join(' or ')}`);
  }
  const host = url.hostname.replace(/^\[(.*)\]$/u, '$1');
  if (host.endsWith('.')) throw notAllowed('its host ends with a dot');
  if (isIP(host) === 0 && !rules.internalNames && INTERNAL_NAME.test(host)) {
    throw new AppError('egress.address_not_allowed');
  }
  return { url, host };
}

/** A host may be written with upper case, in Unicode, and with the port of its scheme, but not in any other form. */
function checkSpelling(text: string, url: URL, base: URL | undefined): void {
  const authority = AUTHORITY.exec(text)?.[1]?.toLowerCase();
  const isUsual = authority === undefined ? url.origin === base?.origin : usualAuthorities(url).includes(authority);
  if (!isUsual) throw notAllowed('its host is not written in the usual form');
}

function usualAuthorities({ hostname, port, protocol }: URL): string[] {
  const hosts = [hostname, domainToUnicode(hostname)].filter((host) => host !== '');
  const withPort = hosts.map((host) => `${host}:${port || DEFAULT_PORTS[protocol]}`);
  return port === '' ? [...hosts, ...withPort] : withPort;
}

function notAllowed(reason: string): AppError {
  return new AppError('egress.url_not_allowed', { reason });
}
