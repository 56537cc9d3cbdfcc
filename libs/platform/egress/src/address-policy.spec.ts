import fc from 'fast-check';
import { AddressPolicy } from './address-policy.ts';

const policy = new AddressPolicy();

const PUBLIC = [
  '1.1.1.1',
  '8.8.8.8',
  '9.255.255.255',
  '11.0.0.0',
  '100.63.255.255',
  '100.128.0.0',
  '126.255.255.255',
  '128.0.0.0',
  '169.253.255.255',
  '169.255.0.0',
  '172.15.255.255',
  '172.32.0.0',
  '192.167.255.255',
  '192.169.0.0',
  '198.17.255.255',
  '198.20.0.0',
  '223.255.255.255',
  '2606:4700:4700::1111',
  '2a00:1450:4001:82a::200e',
  '2001:4860:4860::8888',
  '2003::1',
];

/** A network, and addresses of it. */
const SPECIAL: readonly (readonly [string, readonly string[]])[] = [
  ['this network', ['0.0.0.0', '0.0.0.1', '0.255.255.255']],
  ['private', ['10.0.0.0', '10.255.255.255', '172.16.0.1', '172.31.255.255', '192.168.0.1', '192.168.255.255']],
  ['CGNAT', ['100.64.0.1', '100.100.100.200', '100.127.255.255']],
  ['loopback', ['127.0.0.1', '127.255.255.255', '127.1.2.3']],
  ['link-local, with the metadata of clouds', ['169.254.0.1', '169.254.169.254', '169.254.170.2']],
  ['IETF protocols', ['192.0.0.1', '192.0.0.192', '192.0.0.255']],
  ['documentation', ['192.0.2.1', '198.51.100.1', '203.0.113.1']],
  ['6to4 relays', ['192.88.99.1']],
  ['AS112 and AMT', ['192.31.196.1', '192.52.193.1', '192.175.48.1']],
  ['benchmarks', ['198.18.0.1', '198.19.255.255']],
  ['multicast', ['224.0.0.1', '239.255.255.255']],
  ['reserved', ['240.0.0.1', '255.255.255.254', '255.255.255.255']],
  ['Azure', ['168.63.129.16']],
  ['unspecified and loopback', ['::', '::1']],
  ['IPv4-compatible', ['::127.0.0.1', '::8.8.8.8', '::7f00:1', '::ffff']],
  ['IPv4-mapped', ['::ffff:127.0.0.1', '::ffff:8.8.8.8', '::ffff:7f00:1', '::FFFF:A00:1']],
  ['IPv4-translated', ['::ffff:0:127.0.0.1', '::ffff:0:808:808']],
  ['NAT64', ['64:ff9b::7f00:1', '64:ff9b::8.8.8.8', '64:ff9b:1::1', '64:ff9b:1:ffff::a00:1']],
  ['discard', ['100::1', '100:0:0:1::1']],
  ['Teredo', ['2001::1', '2001:0:ce49:7601:e866:efff:62c3:fffe']],
  ['IETF protocols of IPv6', ['2001:1::1', '2001:2::1', '2001:3::1', '2001:10::1', '2001:20::1', '2001:30::1']],
  ['documentation of IPv6', ['2001:db8::1', '3fff::1', '3fff:fff::1']],
  ['6to4', ['2002:7f00:1::', '2002:808:808::1', '2002:a00:1::1']],
  ['AS112 of IPv6', ['2001:4:112::1', '2620:4f:8000::1']],
  ['ISATAP', ['2606:4700::5efe:7f00:1', '2606:4700::200:5efe:10.0.0.1']],
  ['segment routing', ['5f00::1']],
  ['unique local', ['fc00::1', 'fd00:ec2::254', 'fdff::1']],
  ['link-local of IPv6', ['fe80::1', 'febf::1', 'fe80::a9fe:a9fe']],
  ['site-local', ['fec0::1', 'feff::1']],
  ['multicast of IPv6', ['ff02::1', 'ff0e::1']],
  ['not assigned', ['4000::1', '8000::1', 'e000::1', '1::1']],
];

describe('AddressPolicy', () => {
  it.each(PUBLIC)('allows %s', (address) => {
    expect(policy.allows(address)).toBe(true);
  });

  it.each(SPECIAL)('rejects addresses of %s', (_name, addresses) => {
    expect(addresses.filter((address) => policy.allows(address))).toEqual([]);
  });

  it.each([
    '',
    'localhost',
    'example.com',
    '127.1',
    '0x7f.0.0.1',
    '2130706433',
    '8.8.8',
    '8.8.8.8.',
    ' 8.8.8.8',
    '::1%lo',
  ])('rejects %j, which is not how sockets write an address', (text) => {
    expect(policy.allows(text)).toBe(false);
  });

  it('rejects a zone, whatever its address', () => {
    expect(policy.allows('2606:4700:4700::1111%eth0')).toBe(false);
  });

  it('allows no IPv6 address outside 2000::/3', () => {
    const outside = fc.array(fc.nat(0xffff), { minLength: 8, maxLength: 8 }).filter(([first = 0]) => first >> 13 !== 1);
    fc.assert(
      fc.property(outside, (parts) => {
        expect(policy.allows(parts.map((part) => part.toString(16)).join(':'))).toBe(false);
      }),
    );
  });
});

describe('the networks of an operator', () => {
  const own = new AddressPolicy({
    allowed: ['10.1.0.0/16', 'fd00:1::/32', '127.0.0.1'],
    blocked: ['8.8.8.0/24', '10.1.2.0/24'],
  });

  it.each(['10.1.0.1', '10.1.255.255', 'fd00:1::5', '127.0.0.1', '1.1.1.1', '::ffff:10.1.0.1'])(
    'allow %s',
    (address) => {
      expect(own.allows(address)).toBe(true);
    },
  );

  it.each(['10.2.0.1', 'fd00:2::5', '127.0.0.2', '::1', '8.8.8.8', '::ffff:8.8.8.8', '10.1.2.3'])(
    'reject %s',
    (address) => {
      expect(own.allows(address)).toBe(false);
    },
  );

  it('allow what is public or allowed behind a gateway of NAT64, and nothing else', () => {
    const nat64 = new AddressPolicy({ allowed: ['64:ff9b::/96', '10.1.0.0/16'] });
    expect(['64:ff9b::8.8.8.8', '64:ff9b::a01:1'].map((address) => nat64.allows(address))).toEqual([true, true]);
    expect(['64:ff9b::7f00:1', '64:ff9b::10.2.0.1'].map((address) => nat64.allows(address))).toEqual([false, false]);
  });
});
