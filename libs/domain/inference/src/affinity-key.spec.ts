import { affinityKeyOf } from './affinity-key.ts';

describe('affinityKeyOf', () => {
  it('is the same for the same key of the same project only', () => {
    const key = affinityKeyOf('proj_a', 'session 1');
    expect(key).toMatch(/^[0-9a-f]{16}$/);
    expect(affinityKeyOf('proj_a', 'session 1')).toBe(key);
    expect(affinityKeyOf('proj_a', 'session 2')).not.toBe(key);
    expect(affinityKeyOf('proj_b', 'session 1')).not.toBe(key);
    expect(affinityKeyOf('proj_a"', 'x')).not.toBe(affinityKeyOf('proj_a', '"x'));
  });

  it('is absent without a key', () => {
    expect(affinityKeyOf('proj_a', undefined)).toBeUndefined();
  });
});
