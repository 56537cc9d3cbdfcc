/** Certificates are validated, whatever the environment says. */
import { createServer } from 'node:https';
import type { Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { selfSignedCertificate } from '../test/certificate.ts';
import { startDnsServer } from '../test/dns-server.ts';
import type { DnsServer } from '../test/dns-server.ts';
import { EgressClient } from './egress-client.ts';

let server: Server;
let dns: DnsServer;
let certificate: string;
let requests = 0;
const serverNames: unknown[] = [];
const trusted = getCACertificates('default');

beforeAll(async () => {
  const { key, cert } = selfSignedCertificate('good.example', [127, 0, 0, 1]);
  certificate = cert;
  server = createServer({ key, cert }, (request, response) => {
    requests++;
    serverNames.push((request.socket as { servername?: unknown }).servername);
    response.end('secure');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  dns = await startDnsServer(() => ({ addresses: ['127.0.0.1'] }));
});

beforeEach(() => {
  requests = 0;
});
afterEach(() => {
  setDefaultCACertificates(trusted);
  delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
});
afterAll(() => Promise.all([dns.close(), new Promise((resolve) => server.close(resolve))]));

async function textFrom(host: string): Promise<string> {
  const { port } = server.address() as AddressInfo;
  const client = new EgressClient({ allowedNetworks: ['127.0.0.1'], ports: [port], dnsServers: [dns.address] });
  const { body } = await client.fetch(`https://${host}:${port}/`);
  return (await body.toArray()).join('');
}

const INVALID = {
  code: 'egress.unreachable',
  message: 'The URL cannot be reached: there is no TLS connection with a valid certificate.',
};

it.each(['good.example', '127.0.0.1'])('a certificate of %s that is trusted is accepted', async (host) => {
  setDefaultCACertificates([...trusted, certificate]);
  expect(await textFrom(host)).toBe('secure');
  expect(serverNames.at(-1)).toBe(host === 'good.example' ? host : false);
});

it('a certificate that is not trusted is rejected, also if the environment switches the validation off', async () => {
  await expect(textFrom('good.example')).rejects.toMatchObject(INVALID);
  process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
  await expect(textFrom('good.example')).rejects.toMatchObject(INVALID);
  expect(requests).toBe(0);
});

it('a certificate of another name is rejected', async () => {
  setDefaultCACertificates([...trusted, certificate]);
  await expect(textFrom('bad.example')).rejects.toMatchObject(INVALID);
  expect(requests).toBe(0);
});
