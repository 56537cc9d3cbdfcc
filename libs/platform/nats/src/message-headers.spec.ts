import { MsgHdrsImpl } from '@nats-io/nats-core/internal';
import { encodeHeaders } from './message-headers.ts';

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
