/** SEC-1: whatever the form of a URL that leads to an internal server, no connection reaches it. */
import fc from 'fast-check';
import { startDnsServer } from '../test/dns-server.ts';
import type { DnsServer } from '../test/dns-server.ts';
import { startWebServer } from '../test/web-server.ts';
import type { WebServer } from '../test/web-server.ts';
import { EgressClient } from './egress-client.ts';

/** What the names of the list resolve to. Services such as nip.io do the same for everybody. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  '127.0.0.1.nip.io': ['127.0.0.1'],
  '7f000001.nip.io': ['127.0.0.1'],
  'app-127-0-0-1.sslip.io': ['127.0.0.1'],
  'lvh.me': ['127.0.0.1'],
  'localtest.me': ['127.0.0.1', '::1'],
  'six.example.com': ['::1'],
  'mapped.example.com': ['::ffff:7f00:1'],
  'nat64.example.com': ['64:ff9b::7f00:1'],
  'metadata.example.com': ['169.254.169.254'],
  'private.example.com': ['10.0.0.1'],
  'mixed.example.com': ['8.8.8.8', '127.0.0.1'],
  'mixed6.example.com': ['8.8.8.8', '::1'],
  'zero.example.com': ['0.0.0.0'],
  'unspecified.example.com': ['::'],
  'xn--bcher-kva.example': ['127.0.0.1'],
};

/** Texts of hosts. `PORT` of a URL is the port of the server at 127.0.0.1 and ::1. */
const HOSTS = `
  127.0.0.1 127.1 127.0.1 127.000.000.001 127.0.0.1. 127.1. 2130706433 2130706433. 0x7f000001 0X7F000001 0x7f.0.0.1 0x7f.1 0x7f.0x0.0x0.0x1
  0x007f.0.0.1 017700000001 0177.0.0.1 0177.0.0.01 0177.1 00000177.0.0.1 0177.0x0.0.1 127.0x0.1 127.65536 127.0x000001 0x7f.0.1 0x7f.000001
  127.0.0.0x1 127.255.255.254 127.127 0 0. 0x0 00 0.0 0.0.0.0 0.0.0.0. 0x00000000 000000000000 4294967295 0xffffffff 255.255.255.255
  10.0.0.1 10.1 0xa.0.0.1 012.0.0.1 167772161 0x0a000001 172.16.0.1 172.31.255.255 0xac.0x10.0.1 0254.020.0.1 2886729729 192.168.0.1 192.168.1 0xc0.0xa8.0.1
  0300.0250.0.1 3232235521 0xc0a80001 169.254.169.254 169.254.43518 0xa9.0xfe.0xa9.0xfe 0xa9fea9fe 2852039166 0251.0376.0251.0376 0251.254.169.254
  169.254.169.254. 169.254.170.2 100.64.0.1 100.100.100.200 192.0.0.192 198.18.0.1 198.19.255.255 203.0.113.1 224.0.0.1 240.0.0.1 168.63.129.16
  １２７.０.０.１ 127。0。0。1 127．0．0．1 127｡0｡0｡1 ①②⑦.⓪.⓪.① ①②⑦。0。0。1 𝟏𝟐𝟕.𝟎.𝟎.𝟏 𝟭𝟮𝟳.1 ¹²⁷.0.0.1 ₁₂₇.0.0.1 ０x７f000001 ２１３０７０６４３３ ⑩.0.0.1 ⑯⑨.254.169.254 0ｘ7f.1 1②7.0.0.1
  %31%32%37.0.0.1 127%2e0%2e0%2e1 %31%32%37%2E%30%2E%30%2E%31 127.0.0.%31 %EF%BC%91%EF%BC%92%EF%BC%97.0.0.1 0%78%37f.1 loc%61lhost %6c%6f%63%61%6c%68%6f%73%74 127%E3%80%820.0.1
  localhost LOCALHOST LocalHost localhost. localhost.. ⓛocalhost ｌｏｃａｌｈｏｓｔ locaⓛhoſt 𝓵𝓸𝓬𝓪𝓵𝓱𝓸𝓼𝓽 lo\u00adcalhost lo\u200bcalhost a.localhost localhost.localdomain ip6-localhost
  [::1] [0:0:0:0:0:0:0:1] [0000:0000:0000:0000:0000:0000:0000:0001] [::0001] [0::1] [::0:1] [::] [0:0:0:0:0:0:0:0] [::0] [::127.0.0.1] [::7f00:1] [0::7f00:1]
  [::ffff:127.0.0.1] [::FFFF:127.0.0.1] [::ffff:7f00:1] [::ffff:7F00:0001] [0:0:0:0:0:ffff:127.0.0.1] [0:0:0:0:0:ffff:7f00:1] [::ffff:0:127.0.0.1] [::ffff:10.0.0.1]
  [::ffff:169.254.169.254] [::ffff:a9fe:a9fe] [::169.254.169.254] [64:ff9b::127.0.0.1] [64:ff9b::7f00:1] [64:ff9b::a9fe:a9fe] [64:ff9b:1::7f00:1] [2002:7f00:1::] [2002:7f00:0001::1]
  [2002:a9fe:a9fe::] [2001::1] [2001:0:7f00:1::80ff:fffe] [2606:4700::5efe:127.0.0.1] [2606:4700::5efe:7f00:1] [fc00::1] [fd00::1] [fd00:ec2::254] [fe80::1] [fe80::1%25lo] [::1%25lo] [::1%lo] [fec0::1]
  [ff02::1] [2001:db8::1] [100::1] [::ffff:127.1] [::ffff:0x7f.0.0.1] [::１] [：：1] ::1 [127.0.0.1] [v1.x] metadata metadata.google.internal instance-data kubernetes.default.svc.cluster.local
  nats postgres host.docker.internal gateway.docker.internal printer.local router.home.arpa
  ${Object.keys(NAMES).join(' ')} bücher.example
`
  .trim()
  .split(/\s+/u)
  .map((host) => host.replace('\\u00ad', '\u00ad').replace('\\u200b', '\u200b'));

const IN_OTHER_FORMS = [
  'http:127.0.0.1:PORT/',
  'http:/127.0.0.1:PORT/',
  'http:///127.0.0.1:PORT/',
  'http:////127.0.0.1:PORT/',
  'http:\\\\127.0.0.1:PORT\\',
  'http:/\\127.0.0.1:PORT/',
  'http://\\127.0.0.1:PORT/',
  'http://127.0.0.1\\@8.8.8.8:PORT/',
  'http://8.8.8.8\\@127.0.0.1:PORT/',
  'http://8.8.8.8@127.0.0.1:PORT/',
  'http://8.8.8.8:80@127.0.0.1:PORT/',
  'http://8.8.8.8%40127.0.0.1:PORT/',
  'http://8.8.8.8#@127.0.0.1:PORT/',
  'http://8.8.8.8?@127.0.0.1:PORT/',
  'http://8.8.8.8/@127.0.0.1:PORT/',
  'http://8.8.8.8:PORT@127.0.0.1:PORT@8.8.8.8:PORT/',
  'http://127.0.0.1:PORT#@8.8.8.8/',
  'http://127.0.0.1:PORT?@8.8.8.8/',
  'http://127.0.0.1 :PORT/',
  'http://127.0.0.1:PORT:80/',
  'http://127.0.0.1:80:PORT/',
  'http://127.0.0.1;8.8.8.8:PORT/',
  'http://127.0.0.1,8.8.8.8:PORT/',
  'http://127.0.0.1%00.example.com:PORT/',
  'http://127.0.0.1%0d%0a:PORT/',
  'http://127.0.0.1%09:PORT/',
  'http://127.0.0.1\t:PORT/',
  'http://12\t7.0.0.1:PORT/',
  'ht\ntp://127.0.0.1:PORT/',
  'http://127.0.0.1:PORT/\r\nHost: example.com',
  'http://127.0.0.1:PORT/ HTTP/1.1\r\nX: y',
  '\u0000http://127.0.0.1:PORT/',
  ' http://127.0.0.1:PORT/',
  '\thttp://127.0.0.1:PORT/',
  'http://127.0.0.1:PORT/ ',
  '\ufeffhttp://127.0.0.1:PORT/',
  'HTTP://127.0.0.1:PORT/',
  'hTTp://LOCALHOST:PORT/',
  '//127.0.0.1:PORT/',
  '127.0.0.1:PORT/',
  'localhost:PORT',
  'ftp://127.0.0.1:PORT/',
  'ftps://127.0.0.1:PORT/',
  'gopher://127.0.0.1:PORT/_GET',
  'ws://127.0.0.1:PORT/',
  'dict://127.0.0.1:PORT/',
  'ldap://127.0.0.1:PORT/',
  'tftp://127.0.0.1:PORT/',
  'smb://127.0.0.1/x',
  'jar:http://127.0.0.1:PORT!/',
  'url:http://127.0.0.1:PORT/',
  'view-source:http://127.0.0.1:PORT/',
  'blob:http://127.0.0.1:PORT/x',
  'feed:http://127.0.0.1:PORT/',
  'netdoc:///etc/passwd',
  'unix:/var/run/docker.sock',
  'http+unix://%2Fvar%2Frun%2Fdocker.sock/info',
  'file:///etc/passwd',
  'file://127.0.0.1/etc/passwd',
  'data:text/plain,hello',
  'javascript:fetch("http://127.0.0.1:PORT")',
  'about:blank',
  'http://[::1]PORT/',
  'http://[::1/',
  'http://::1]:PORT/',
  'http://[[::1]]:PORT/',
  'http://0.0.0.0:PORT@8.8.8.8:PORT@[::1]:PORT/',
  'http://',
  'http:',
  '',
];

let servers: WebServer[];
let dns: DnsServer;
let client: EgressClient;

beforeAll(async () => {
  const v4 = await startWebServer();
  servers = [v4, await startWebServer(undefined, '::1', v4.port)];
  dns = await startDnsServer((name) => {
    const addresses = NAMES[name];
    return addresses && { addresses };
  });
  client = new EgressClient({ ports: [80, 443, 8443, v4.port], dnsServers: [dns.address] });
});

afterAll(() => Promise.all([...servers, dns].map((server) => server.close())));

const connections = (): number => servers.reduce((sum, server) => sum + server.connections, 0);
const codeOf = (url: string): Promise<unknown> =>
  client.fetch(url, { responseTimeoutMs: 5_000 }).then(
    ({ body }) => (body.destroy(), 'fetched'),
    ({ code }: { code: unknown }) => code,
  );
/** What was rejected because of what it is, and not because nothing is there. */
const REJECTED = /^egress\.(?:url|address)_not_allowed$/u;

describe('a URL', () => {
  const urls = [
    ...HOSTS.flatMap((host) => [`http://${host}:PORT/`, `https://${host}/`]),
    // Of a host that is public, the server's port would be one of its own.
    ...IN_OTHER_FORMS.filter((url) => !/^http:\/\/8\.8\.8\.8[#?/]/u.test(url)),
  ];

  it('is one of at least 150 forms', () => {
    expect(new Set(HOSTS).size + IN_OTHER_FORMS.length).toBeGreaterThan(150);
  });

  it.each(urls)('%j is rejected', async (url) => {
    expect(await codeOf(url.replaceAll('PORT', String(servers[0]?.port)))).toMatch(REJECTED);
    expect(connections()).toBe(0);
  });

  it('reaches these servers if the operator allows it, so that a client that reaches nothing would fail this test', async () => {
    const own = new EgressClient({
      allowedNetworks: ['127.0.0.1', '::1'],
      ports: [servers[0]?.port as number],
      dnsServers: [dns.address],
    });
    const before = connections();
    for (const host of ['127.0.0.1', '[::1]', 'lvh.me', 'six.example.com', 'localtest.me', 'bücher.example']) {
      const { status, body } = await own.fetch(`http://${host}:${servers[0]?.port}/`);
      body.destroy();
      expect(status).toBe(200);
    }
    expect(connections() - before).toBe(6);
  });
});

describe('any form of an internal address', () => {
  const octets = fc.oneof(
    fc.tuple(fc.constant(127), fc.nat(255), fc.nat(255), fc.nat(255)),
    fc.tuple(fc.constant(10), fc.nat(255), fc.nat(255), fc.nat(255)),
    fc.tuple(fc.constant(172), fc.integer({ min: 16, max: 31 }), fc.nat(255), fc.nat(255)),
    fc.tuple(fc.constant(192), fc.constant(168), fc.nat(255), fc.nat(255)),
    fc.tuple(fc.constant(169), fc.constant(254), fc.nat(255), fc.nat(255)),
    fc.tuple(fc.constant(100), fc.integer({ min: 64, max: 127 }), fc.nat(255), fc.nat(255)),
    fc.tuple(fc.constant(0), fc.nat(255), fc.nat(255), fc.nat(255)),
    fc.tuple(fc.integer({ min: 224, max: 255 }), fc.nat(255), fc.nat(255), fc.nat(255)),
  );
  const notations: readonly ((value: number, zeros: number) => string)[] = [
    (value) => String(value),
    (value, zeros) => `0${'0'.repeat(zeros)}${value.toString(8)}`,
    (value, zeros) => `0x${'0'.repeat(zeros)}${value.toString(16)}`,
    (value, zeros) => `0X${'0'.repeat(zeros)}${value.toString(16).toUpperCase()}`,
  ];
  const notation = fc.record({ of: fc.constantFrom(...notations), zeros: fc.nat(4) });
  const disguises: readonly ((character: string) => string)[] = [
    (character) => character,
    (character) => `%${character.charCodeAt(0).toString(16)}`,
    (character) => String.fromCodePoint(character.charCodeAt(0) + 0xfee0),
    (character) => (character === '.' ? '。' : character),
    (character) => (/[1-9]/u.test(character) ? String.fromCodePoint(0x2460 + Number(character) - 1) : character),
    (character) => (/\d/u.test(character) ? String.fromCodePoint(0x1d7ce + Number(character)) : character),
  ];

  /** One to four parts, the last of which is the number of all octets that remain. */
  const ipv4Form = fc
    .record({
      octets,
      parts: fc.integer({ min: 1, max: 4 }),
      notations: fc.array(notation, { minLength: 4, maxLength: 4 }),
      disguise: fc.array(fc.constantFrom(...disguises), { minLength: 1, maxLength: 8 }),
      suffix: fc.constantFrom('', '.'),
    })
    .map(({ octets, parts, notations, disguise, suffix }) => {
      const head = octets.slice(0, parts - 1);
      const last = octets.slice(parts - 1).reduce((sum, octet) => sum * 256 + octet, 0);
      const text = [...head, last].map((value, i) => notations[i]?.of(value, notations[i].zeros)).join('.');
      return [...text].map((character, i) => disguise[i % disguise.length]?.(character)).join('') + suffix;
    });

  const group = (high: number, low: number): string => (high * 256 + low).toString(16);
  const ipv6Form = fc
    .record({
      octets,
      prefix: fc.constantFrom(
        '::',
        '::ffff:',
        '::ffff:0:',
        '64:ff9b::',
        '64:ff9b:1::',
        '2606:4700::5efe:',
        '0:0:0:0:0:ffff:',
      ),
      isDotted: fc.boolean(),
      isUpper: fc.boolean(),
    })
    .map(({ octets, prefix, isDotted, isUpper }) => {
      const [a, b, c, d] = octets;
      const text = prefix + (isDotted ? octets.join('.') : `${group(a, b)}:${group(c, d)}`);
      return `[${isUpper ? text.toUpperCase() : text}]`;
    });
  const sixToFour = octets.map(([a, b, c, d]) => `[2002:${group(a, b)}:${group(c, d)}::1]`);

  it('is rejected', async () => {
    const before = connections();
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(ipv4Form, ipv6Form, sixToFour),
        fc.constantFrom('http', 'https'),
        async (host, scheme) => {
          expect(await codeOf(`${scheme}://${host}:${servers[0]?.port}/`)).toMatch(REJECTED);
        },
      ),
      { numRuns: 3_000 },
    );
    expect(connections()).toBe(before);
  });

  it('is rejected when a name resolves to it, alone or beside a public address', async () => {
    let addresses: string[] = [];
    const any = await startDnsServer(() => ({ addresses }));
    const own = new EgressClient({ dnsServers: [any.address] });
    await fc.assert(
      fc.asyncProperty(octets, fc.boolean(), fc.boolean(), async (internal, isMapped, isAlone) => {
        const [a, b, c, d] = internal;
        const address = isMapped ? `::ffff:${group(a, b)}:${group(c, d)}` : internal.join('.');
        addresses = isAlone ? [address] : ['8.8.8.8', address, '2606:4700:4700::1111'];
        await expect(own.fetch('https://example.com/')).rejects.toMatchObject({ code: 'egress.address_not_allowed' });
      }),
      { numRuns: 200 },
    );
    await any.close();
  });
});
