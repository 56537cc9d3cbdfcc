import { MsgHdrsImpl } from '@nats-io/nats-core/internal';
import type { Msg } from '@nats-io/nats-core';
import fc from 'fast-check';
import { decodeHeaders, encodeHeaders } from './message-headers.ts';

/** Returns the headers as parsed by NATS's own client. */
function read(values: Record<string, string | undefined>): Record<string, string> {
  const encoded = (encodeHeaders(values) as unknown as { encode(): Uint8Array }).encode();
  const headers = MsgHdrsImpl.decode(encoded);
  return Object.fromEntries([...headers.keys()].map((name) => [name, headers.get(name)]));
}

describe('encodeHeaders', () => {
  it('encodes headers and omits undefined values', () => {
    const values = { 'Xero-Request-Id': 'req_1', traceparent: '00-ab-cd-01', 'Xero-Error': undefined };
    expect(read(values)).toEqual({ 'Xero-Request-Id': 'req_1', traceparent: '00-ab-cd-01' });
  });

  it('encodes an empty set', () => {
    expect(read({})).toEqual({});
  });

  it.each(['a\r\nXero-Error: forged', 'a\nb', 'a\rb'])(
    'rejects the value %j, which would start another header',
    (value) => {
      expect(() => encodeHeaders({ 'Xero-Request-Id': value })).toThrow('Xero-Request-Id');
    },
  );
});

/** A received message: its headers, if any, and then its data. */
function received(headers: Uint8Array | undefined, data = 'data: 1\r\nXero-Error: forged\r\n'): Msg {
  const bytes = Buffer.concat([headers ?? Buffer.alloc(0), Buffer.from(data)]);
  return { _rdata: bytes, _msg: { hdr: headers?.length ?? -1 } } as unknown as Msg;
}

function encoded(values: Record<string, string>): Uint8Array {
  return (encodeHeaders(values) as unknown as { encode(): Uint8Array }).encode();
}

describe('decodeHeaders', () => {
  it('returns what the client of NATS returns', () => {
    const name = fc.stringMatching(/^[A-Za-z][A-Za-z0-9-]{0,20}$/);
    const value = fc.string({ unit: 'grapheme' }).filter((text) => !/[\r\n]/.test(text));
    fc.assert(
      fc.property(fc.dictionary(name, value), (values) => {
        const bytes = encoded(values);
        const expected = MsgHdrsImpl.decode(bytes);
        const decoded = decodeHeaders(received(bytes));
        expect([...decoded.keys()]).toEqual(expected.keys());
        for (const key of decoded.keys()) expect(decoded.get(key)).toBe(expected.get(key));
      }),
    );
  });

  it('returns nothing without headers, and reads no data as headers', () => {
    expect(decodeHeaders(received(undefined)).size).toBe(0);
    expect([...decodeHeaders(received(encoded({ a: '1' })))]).toEqual([['a', '1']]);
  });

  it.each(['NATS/1.0 503\r\n\r\n', 'NATS/1.0\r\n\r\n', 'NATS/1.0', '', 'NATS/1.0\r\nno colon\r\n\r\n'])(
    'returns nothing for %j',
    (text) => {
      expect(decodeHeaders(received(Buffer.from(text))).size).toBe(0);
    },
  );
});
