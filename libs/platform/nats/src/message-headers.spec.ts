import { MsgHdrsImpl } from '@nats-io/nats-core/internal';
import { encodeHeaders } from './message-headers.ts';

/** What a receiver with NATS's own client reads. */
function read(values: Record<string, string | undefined>): Record<string, string> {
  const encoded = (encodeHeaders(values) as unknown as { encode(): Uint8Array }).encode();
  const headers = MsgHdrsImpl.decode(encoded);
  return Object.fromEntries([...headers.keys()].map((name) => [name, headers.get(name)]));
}

describe('encodeHeaders', () => {
  it('writes what a receiver reads, and leaves out what is undefined', () => {
    const values = { 'Xero-Request-Id': 'req_1', traceparent: '00-ab-cd-01', 'Xero-Error': undefined };
    expect(read(values)).toEqual({ 'Xero-Request-Id': 'req_1', traceparent: '00-ab-cd-01' });
  });

  it('writes none when there are none', () => {
    expect(read({})).toEqual({});
  });

  it.each(['a\r\nXero-Error: forged', 'a\nb', 'a\rb'])(
    'refuses the value %j, which would begin another header',
    (value) => {
      expect(() => encodeHeaders({ 'Xero-Request-Id': value })).toThrow('Xero-Request-Id');
    },
  );
});
