import { AppError } from '@xerotier/errors';
import { isIP } from 'node:net';
import type { LookupFunction } from 'node:net';
import { buildConnector, Client } from 'undici';
import type { AddressPolicy } from './address-policy.ts';

const CONNECT_TIMEOUT_MS = 5_000;
export const HEADER_BYTES_MAX = 16 * 1_024;

/**
 * A client of one origin for one request, whose connection goes to one of the given addresses, which the name is not resolved to
 * again. A connection is not used again: a server could have sent on it what the next request takes for its response.
 */
export function pinnedClient(origin: string, addresses: readonly string[], policy: AddressPolicy): Client {
  const connectToAny = buildConnector({
    timeout: CONNECT_TIMEOUT_MS,
    allowH2: false,
    maxCachedSessions: 0,
    autoSelectFamily: true,
    lookup: pinnedLookup(addresses),
    // Stated, because the environment can change the default.
    rejectUnauthorized: true,
  });
  return new Client(origin, {
    maxHeaderSize: HEADER_BYTES_MAX,
    // One request per connection, which the deadline of the exchange bounds as a whole.
    pipelining: 0,
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: (options, callback) =>
      connectToAny(options, (...[error, socket]) => {
        if (error !== null) return callback(error, null);
        // The last of several walls: no byte of the request is sent before.
        if (policy.allows(unmapped(socket.remoteAddress))) return callback(null, socket);
        socket.destroy();
        callback(new AppError('egress.address_not_allowed'), null);
      }),
  });
}

function pinnedLookup(addresses: readonly string[]): LookupFunction {
  const all = addresses.map((address) => ({ address, family: isIP(address) }));
  return (_name, { all: isAllWanted }, callback) => {
    const [first] = all;
    if (isAllWanted === true || first === undefined) callback(null, all);
    else callback(null, first.address, first.family);
  };
}

/** A socket for both families has IPv4 addresses that are mapped to IPv6. */
function unmapped(address = ''): string {
  return address.replace(/^::ffff:(?=[\d.]+$)/u, '');
}
