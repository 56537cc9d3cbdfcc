/** The addresses that an API key may be used from. */
import type { IpFilter } from '@xerotier/contracts/auth';
import { BlockList, isIP } from 'node:net';

/** Parsed filters; those of keys that are no longer cached are collected with their object. */
const parsed = new WeakMap<IpFilter, { readonly allow: BlockList | undefined; readonly block: BlockList }>();

/** @param address of the client; an IPv4 address may be mapped to IPv6. */
export function isAllowed(filter: IpFilter, address: string): boolean {
  const version = isIP(address);
  if (version === 0) return false;
  const family = version === 6 ? 'ipv6' : 'ipv4';
  const { allow, block } = parsedFilter(filter);
  return !block.check(address, family) && (allow === undefined || allow.check(address, family));
}

function parsedFilter(filter: IpFilter): { allow: BlockList | undefined; block: BlockList } {
  const known = parsed.get(filter);
  if (known !== undefined) return known;
  const created = {
    allow: filter.allow.length === 0 ? undefined : blockListOf(filter.allow),
    block: blockListOf(filter.block),
  };
  parsed.set(filter, created);
  return created;
}

function blockListOf(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', prefix] = network.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return list;
}
