import { AppError } from '@xerotier/errors';
import { Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { AddressPolicy } from './address-policy.ts';

const TIMEOUT_MS = 2_000;
const TRIES = 2;
const ADDRESSES_MAX = 16;

export interface ResolveOptions {
  readonly policy: AddressPolicy;
  /** Default: the servers of the machine. */
  readonly dnsServers?: readonly string[] | undefined;
  readonly signal: AbortSignal;
}

/**
 * Returns the addresses of a host, at least one. They are those of DNS alone: not of the hosts file, and without search domains. It
 * does not use the thread pool, which slow servers of others could fill.
 * @param host a name, or an address.
 * @throws {AppError} `egress.address_not_allowed` when one of the addresses is not allowed; `egress.unreachable`.
 */
export async function resolveHost(host: string, { policy, dnsServers, signal }: ResolveOptions): Promise<string[]> {
  const addresses = isIP(host) === 0 ? await query(host, dnsServers, signal) : [host];
  if (!addresses.every((address) => policy.allows(address))) throw new AppError('egress.address_not_allowed');
  return addresses.slice(0, ADDRESSES_MAX);
}

async function query(name: string, servers: readonly string[] | undefined, signal: AbortSignal): Promise<string[]> {
  const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: TRIES });
  if (servers !== undefined) resolver.setServers(servers);
  const cancel = (): void => resolver.cancel();
  signal.addEventListener('abort', cancel);
  try {
    const results = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
    const addresses = results.flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
    if (addresses.length > 0) return addresses;
    const [ofIPv4] = results;
    const cause = ofIPv4.status === 'rejected' ? (ofIPv4.reason as unknown) : undefined;
    throw new AppError('egress.unreachable', { reason: 'its host has no address' }, { cause });
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}
