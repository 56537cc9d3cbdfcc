import { isAllowed } from './allowed-addresses.ts';

const filter = (allow: string[], block: string[] = []): { allow: string[]; block: string[] } => ({ allow, block });

describe('isAllowed', () => {
  it.each([
    [filter([]), '203.0.113.7'],
    [filter(['203.0.113.0/24']), '203.0.113.7'],
    [filter(['203.0.113.7']), '203.0.113.7'],
    [filter(['203.0.113.0/24']), '::ffff:203.0.113.7'],
    [filter(['2001:db8::/32']), '2001:db8:1::1'],
    [filter(['2001:db8::1']), '2001:0db8:0:0::1'],
    [filter([], ['198.51.100.0/24']), '203.0.113.7'],
    [filter(['0.0.0.0/0']), '203.0.113.7'],
  ])('allows with %j the address %s', (it, address) => {
    expect(isAllowed(it, address)).toBe(true);
  });

  it.each([
    [filter(['203.0.113.0/24']), '203.0.114.7'],
    [filter(['203.0.113.7']), '203.0.113.8'],
    [filter(['203.0.113.0/24'], ['203.0.113.7']), '203.0.113.7'],
    [filter([], ['203.0.113.0/24']), '::ffff:203.0.113.7'],
    [filter([], ['2001:db8::/32']), '2001:db8::1'],
    [filter(['2001:db8::/32']), '203.0.113.7'],
    [filter(['203.0.113.0/24']), '2001:db8::1'],
    [filter(['203.0.113.0/24']), 'unknown'],
  ])('rejects with %j the address %s', (it, address) => {
    expect(isAllowed(it, address)).toBe(false);
  });
});
