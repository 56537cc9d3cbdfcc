import { loadConfig } from '@xerotier/config';
import { egressSettings } from './egress-settings.ts';

const load = (env: Record<string, string>): ReturnType<typeof loadConfig<typeof egressSettings>> =>
  loadConfig(egressSettings, env);

describe('egressSettings', () => {
  it('are all optional', () => {
    expect(load({})).toEqual({
      allowedNetworks: [],
      blockedNetworks: [],
      ports: [80, 443, 8443],
    });
  });

  it('are lists', () => {
    expect(
      load({
        EGRESS_ALLOWED_NETWORKS: '10.1.0.0/16, fd00:1::/32,127.0.0.1',
        EGRESS_BLOCKED_NETWORKS: '2606:4700::1',
        EGRESS_PORTS: '443, 3000',
        EGRESS_DNS_SERVERS: '1.1.1.1,127.0.0.1:5353,2606:4700:4700::1111',
      }),
    ).toEqual({
      allowedNetworks: ['10.1.0.0/16', 'fd00:1::/32', '127.0.0.1'],
      blockedNetworks: ['2606:4700::1'],
      ports: [443, 3000],
      dnsServers: ['1.1.1.1', '127.0.0.1:5353', '2606:4700:4700::1111'],
    });
  });

  it.each([
    ['EGRESS_ALLOWED_NETWORKS', '10.0.0.0/33'],
    ['EGRESS_ALLOWED_NETWORKS', '10.1/16'],
    ['EGRESS_ALLOWED_NETWORKS', 'internal.example'],
    ['EGRESS_ALLOWED_NETWORKS', '10.0.0.0/8,'],
    ['EGRESS_BLOCKED_NETWORKS', '::/129'],
    ['EGRESS_BLOCKED_NETWORKS', '10.0.0.0/'],
    ['EGRESS_PORTS', '0'],
    ['EGRESS_PORTS', '65536'],
    ['EGRESS_PORTS', '80-90'],
    ['EGRESS_DNS_SERVERS', 'dns.example'],
    ['EGRESS_DNS_SERVERS', '1.1.1.1:'],
    ['EGRESS_DNS_SERVERS', '1.1.1.1:53:53'],
  ])('reject %s when it is %s', (variable, value) => {
    expect(() => load({ [variable]: value })).toThrow(variable);
  });
});
