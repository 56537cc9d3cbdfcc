import { requestedServiceTierOf } from './requested-service-tier.ts';

describe('requestedServiceTierOf', () => {
  it.each([
    ['auto', 'default'],
    ['default', 'default'],
    ['flex', 'flex'],
    ['priority', 'priority'],
    ['scale', 'priority'],
  ])('maps %s to %s', (value, tier) => {
    expect(requestedServiceTierOf(value)).toBe(tier);
  });

  it.each([undefined, 'gpu_nvidia_shared', 'FLEX', '__proto__'])('returns undefined for %j', (value) => {
    expect(requestedServiceTierOf(value)).toBeUndefined();
  });
});
