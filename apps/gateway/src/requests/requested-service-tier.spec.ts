import { requestedServiceTierOf } from './requested-service-tier.ts';

describe('requestedServiceTierOf', () => {
  it.each([
    ['auto', 'default'],
    ['default', 'default'],
    ['flex', 'flex'],
    ['priority', 'priority'],
    ['scale', 'priority'],
  ])('takes %s for %s', (word, tier) => {
    expect(requestedServiceTierOf(word)).toBe(tier);
  });

  it.each([undefined, 'gpu_nvidia_shared', 'FLEX', '__proto__'])('takes %j for nothing', (word) => {
    expect(requestedServiceTierOf(word)).toBeUndefined();
  });
});
