/** What operators may change. A service that fetches URLs of users has them in its config.ts, and makes its client of them. */
import { setting } from '@xerotier/config';
import { isIP, isIPv4 } from 'node:net';
import { z } from 'zod';
import { PORTS_DEFAULT } from './egress-client.ts';

const network = z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()]);
const dnsServer = (text: string): boolean => isIP(text) !== 0 || isIPv4WithPort(text);

function isIPv4WithPort(text: string): boolean {
  const [address = '', port = '', ...others] = text.split(':');
  return others.length === 0 && isIPv4(address) && isPort(port);
}

const isPort = (text: string): boolean => /^\d{1,5}$/u.test(text) && Number(text) > 0 && Number(text) < 65_536;

/** A list that is separated by commas. */
function list(
  isValid: (text: string) => boolean,
  expected: string,
): z.ZodPipe<z.ZodString, z.ZodTransform<string[], string>> {
  return z.string().transform((text, context) => {
    const parts = text.split(',').map((part) => part.trim());
    if (parts.every(isValid)) return parts;
    context.addIssue({ code: 'custom', message: `must be ${expected}, separated by commas` });
    return z.NEVER;
  });
}

const networks = list((text) => network.safeParse(text).success, 'addresses or networks in CIDR notation').default([]);

export const egressSettings = {
  allowedNetworks: setting(
    'EGRESS_ALLOWED_NETWORKS',
    networks,
    'Networks in CIDR notation, separated by commas, that URLs of users may lead to although they are not public. Every user of the platform then reaches them. Default: none.',
  ),
  blockedNetworks: setting(
    'EGRESS_BLOCKED_NETWORKS',
    networks,
    'Networks in CIDR notation, separated by commas, that URLs of users may not lead to, such as public addresses of your own servers. Default: none.',
  ),
  ports: setting(
    'EGRESS_PORTS',
    list(isPort, 'ports')
      .transform((ports) => ports.map(Number))
      .default([...PORTS_DEFAULT]),
    `Ports of URLs of users, separated by commas. Default ${PORTS_DEFAULT.join(', ')}.`,
  ),
  dnsServers: setting(
    'EGRESS_DNS_SERVERS',
    list(dnsServer, 'addresses, or IPv4 addresses with a port').optional(),
    'DNS servers for names in URLs of users, as addresses that are separated by commas; an IPv4 address can have a port. Default: those of the machine.',
  ),
} as const;
