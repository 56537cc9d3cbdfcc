/** A DNS server for tests: real packets on a port of 127.0.0.1, with responses that a test decides. */
import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';

export interface DnsRecords {
  /** Of both families; those of the other family than that of the query are left out. */
  readonly addresses?: readonly string[];
  /** The name that the queried one is an alias of, one after the other; the last one has the addresses. */
  readonly aliases?: readonly string[];
}

export interface DnsServer {
  /** `127.0.0.1:port`. */
  readonly address: string;
  /** Each queried name, as often as addresses of IPv4 were queried. */
  readonly names: string[];
  close(): Promise<void>;
}

const TYPES = { A: 1, CNAME: 5, AAAA: 28 } as const;
const NXDOMAIN = 3;

/**
 * @param respond returns the records of a name, which was queried `before` times already. Undefined: there is no such name. Null: no
 * response is sent.
 */
export async function startDnsServer(
  respond: (name: string, before: number) => DnsRecords | undefined | null,
): Promise<DnsServer> {
  const socket = createSocket('udp4');
  const names: string[] = [];
  const queries = new Map<string, number>();
  socket.on('message', (query, peer) => {
    const { name, type, end } = queryOf(query);
    if (type === TYPES.A) names.push(name);
    const key = `${type} ${name}`;
    const before = queries.get(key) ?? 0;
    queries.set(key, before + 1);
    const records = respond(name, before);
    if (records !== null) socket.send(responseTo(query.subarray(0, end), name, type, records), peer.port, peer.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${socket.address().port}`,
    names,
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

function queryOf(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
}

function responseTo(query: Buffer, name: string, type: number, found: DnsRecords | undefined): Buffer {
  const { addresses = [], aliases = [] } = found ?? {};
  const owners = [name, ...aliases];
  const isOfType = (address: string): boolean => type === (isIPv6(address) ? TYPES.AAAA : TYPES.A);
  const records = [
    ...aliases.map((alias, i) => record(owners[i] ?? name, TYPES.CNAME, encodedName(alias))),
    ...addresses.filter(isOfType).map((address) => record(owners.at(-1) ?? name, type, bytesOf(address))),
  ];
  const header = Buffer.from(query.subarray(0, 12));
  header.writeUInt16BE(0x8180 | (found === undefined ? NXDOMAIN : 0), 2);
  header.writeUInt16BE(records.length, 6);
  header.writeUInt32BE(0, 8);
  return Buffer.concat([header, query.subarray(12), ...records]);
}

function record(owner: string, type: number, data: Buffer): Buffer {
  const fixed = Buffer.alloc(10);
  fixed.writeUInt16BE(type, 0);
  fixed.writeUInt16BE(1, 2);
  fixed.writeUInt16BE(data.length, 8);
  return Buffer.concat([encodedName(owner), fixed, data]);
}

function encodedName(name: string): Buffer {
  return Buffer.concat([
    ...name.split('.').map((label) => Buffer.concat([Buffer.of(label.length), Buffer.from(label)])),
    Buffer.of(0),
  ]);
}

function bytesOf(address: string): Buffer {
  if (!isIPv6(address)) return Buffer.from(address.split('.').map(Number));
  const [head = '', tail = ''] = address.split('::');
  const parts = (text: string): string[] => text.split(':').filter((part) => part !== '');
  const zeros = Array<string>(8 - parts(head).length - parts(tail).length).fill('0');
  return Buffer.from([...parts(head), ...zeros, ...parts(tail)].map((part) => part.padStart(4, '0')).join(''), 'hex');
}
