import { KeyHasher } from './key-hasher.ts';

const keyHash = 'a'.repeat(64);

describe('KeyHasher', () => {
  it('returns the same 32 bytes for the same key', () => {
    const hasher = new KeyHasher('pepper');
    expect(hasher.hash(keyHash)).toEqual(hasher.hash(keyHash));
    expect(hasher.hash(keyHash)).toHaveLength(32);
  });

  it('returns another value for another key', () => {
    const hasher = new KeyHasher('pepper');
    expect(hasher.hash(keyHash)).not.toEqual(hasher.hash('b'.repeat(64)));
  });

  it('returns another value with another pepper', () => {
    expect(new KeyHasher('pepper').hash(keyHash)).not.toEqual(new KeyHasher('salt').hash(keyHash));
  });
});
