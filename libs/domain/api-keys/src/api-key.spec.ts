import fc from 'fast-check';
import { generateApiKey, hashApiKey, hasValidChecksum, isKeyOfProject } from './api-key.ts';

const projectSlug = fc.stringMatching(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/);

describe('generateApiKey', () => {
  it('creates keys of the documented format for every slug', () => {
    fc.assert(
      fc.property(projectSlug, (slug) => {
        const key = generateApiKey(slug);
        expect(key.startsWith(`xero_${slug}_`)).toBe(true);
        expect(key.slice(`xero_${slug}_`.length)).toMatch(/^[0-9A-Za-z]{49}$/);
        expect(hasValidChecksum(key)).toBe(true);
      }),
    );
  });

  it('never creates the same key twice', () => {
    const keys = Array.from({ length: 1_000 }, () => generateApiKey('demo'));
    expect(new Set(keys).size).toBe(1_000);
  });

  it.each(['', 'Upper', 'under_score', '-dash', 'a b', 'x'.repeat(64)])('rejects %p, which is not a slug', (slug) => {
    expect(() => generateApiKey(slug)).toThrow(RangeError);
  });
});

describe('hasValidChecksum', () => {
  it('returns false if any character was changed', () => {
    const key = generateApiKey('demo');
    for (let i = 0; i < key.length; i += 1) {
      const changed = key.slice(0, i) + (key[i] === 'x' ? 'y' : 'x') + key.slice(i + 1);
      expect([changed, hasValidChecksum(changed)]).toEqual([changed, false]);
    }
  });

  it('returns true for a key of another implementation of the format', () => {
    // CRC32 of "xero_demo_" and 43 zeros is 0x27fed254.
    expect(hasValidChecksum(`xero_demo_${'0'.repeat(43)}0jPUii`)).toBe(true);
  });

  it.each(['', 'sk-something', 'xero_demo_', `xero_demo_${'a'.repeat(49)}\n`, `xero_${'a'.repeat(49)}`])(
    'returns false for %p, which is not a key',
    (text) => {
      expect(hasValidChecksum(text)).toBe(false);
    },
  );

  it('returns false for arbitrary text', () => {
    fc.assert(fc.property(fc.string(), (text) => !hasValidChecksum(text)));
  });
});

describe('isKeyOfProject', () => {
  it('returns true for a key of the project', () => {
    expect(isKeyOfProject(generateApiKey('demo'), 'demo')).toBe(true);
  });

  it('returns false if only the beginning of the slug matches', () => {
    expect(isKeyOfProject(generateApiKey('demo-two'), 'demo')).toBe(false);
    expect(isKeyOfProject(generateApiKey('demo'), 'demo-two')).toBe(false);
  });
});

describe('hashApiKey', () => {
  it('returns the SHA-256 of the whole key in hex', () => {
    expect(hashApiKey('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });

  it('differs for two keys', () => {
    expect(hashApiKey(generateApiKey('demo'))).not.toBe(hashApiKey(generateApiKey('demo')));
  });
});
