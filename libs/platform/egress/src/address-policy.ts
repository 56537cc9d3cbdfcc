/** Which addresses may be connected to: those of the public internet, and what the operator allows. */
import ipaddr from 'ipaddr.js';
import { BlockList, isIP } from 'node:net';

/** Networks in CIDR notation, or single addresses. */
export interface AddressPolicyOptions {
  /** Not public, but allowed. */
  readonly allowed?: readonly string[];
  /** Not allowed, whatever else holds, such as the public addresses of the platform itself. */
  readonly blocked?: readonly string[];
}

/** What IANA has assigned as global unicast; all other IPv6 addresses are special, or not assigned. */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3');
const NAT64 = ipaddr.IPv6.parseCIDR('64:ff9b::/96');
/** Services of Azure for its machines, at an address that looks public. */
const AZURE_PLATFORM = '168.63.129.16';
/** The fifth and sixth parts of an address that has an IPv4 address for the last two (ISATAP). */
const ISATAP = ['0:5efe', '200:5efe'];

export class AddressPolicy {
  readonly #allowed: BlockList;
  readonly #blocked: BlockList;
  /** Whether anything is allowed that is not public. */
  readonly allowsInternal: boolean;

  constructor({ allowed = [], blocked = [] }: AddressPolicyOptions = {}) {
    this.#allowed = blockListOf(allowed);
    this.#blocked = blockListOf(blocked);
    this.allowsInternal = allowed.length > 0;
  }

  /** @param address in the notation of a socket or of DNS; any other text is not allowed. */
  allows(address: string): boolean {
    if (isIP(address) === 0 || address.includes('%')) return false;
    const parsed = ipaddr.parse(address);
    if (contains(this.#blocked, parsed)) return false;
    if (!contains(this.#allowed, parsed)) return isPublic(parsed);
    // A gateway that is allowed does not make allowed what is behind it.
    return !(parsed instanceof ipaddr.IPv6 && parsed.match(NAT64)) || this.allows(lastFourBytes(parsed));
  }
}

/** An IPv4 address within an IPv6 address (mapped, compatible, NAT64, 6to4, Teredo, ISATAP) is never public. */
function isPublic(address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  if (address.range() !== 'unicast') return false;
  if (address instanceof ipaddr.IPv4) return address.toString() !== AZURE_PLATFORM;
  const identifier = address.parts.slice(4, 6).map((part) => part.toString(16));
  return address.match(GLOBAL_UNICAST) && !ISATAP.includes(identifier.join(':'));
}

function contains(list: BlockList, address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  return list.check(address.toString(), address.kind());
}

function lastFourBytes(address: ipaddr.IPv6): string {
  return address.toByteArray().slice(12).join('.');
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
