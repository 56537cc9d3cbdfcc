import fc from 'fast-check';
import { generateApiKey, hashApiKey, hasValidChecksum, isKeyOfProject } from './api-key.ts';

const projectSlug = fc.stringMatching(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/);

describe('generateApiKey', () => {
  it('makes keys of the one format, whatever the slug', () => {
    fc.assert(
      fc.property(projectSlug, (slug) => {
        const key = generateApiKey(slug);
        expect(key.startsWith(`xero_${slug}_`)).toBe(true);
        expect(key.slice(`xero_${slug}_`.length)).toMatch(/^[0-9A-Za-z]{49}$/);
        expect(hasValidChecksum(key)).toBe(true);
      }),
    );
  });

  it('never makes the same key twice', () => {
    const keys = Array.from({ length: 1_000 }, () => generateApiKey('demo'));
    expect(new Set(keys).size).toBe(1_000);
  });

  it.each(['', 'Upper', 'under_score', '-dash', 'a b', 'x'.repeat(64)])('refuses %p, which is no slug', (slug) => {
    expect(() => generateApiKey(slug)).toThrow(RangeError);
  });
});

describe('hasValidChecksum', () => {
  it('refuses a key with any one character changed', () => {
    const key = generateApiKey('demo');
    for (let at = 0; at < key.length; at += 1) {
      const changed = key.slice(0, at) + (key[at] === 'x' ? 'y' : 'x') + key.slice(at + 1);
      expect([changed, hasValidChecksum(changed)]).toEqual([changed, false]);
    }
  });

  it('accepts a key that another implementation of the format made', () => {
    // CRC32 of "xero_demo_" and 43 zeros is 0x27fed254.
    expect(hasValidChecksum(`xero_demo_${'0'.repeat(43)}0jPUii`)).toBe(true);
  });

  it.each(['', 'sk-something', 'xero_demo_', `xero_demo_${'a'.repeat(49)}\n`, `xero_${'a'.repeat(49)}`])(
    'refuses %p, which is no key',
    (text) => {
      expect(hasValidChecksum(text)).toBe(false);
    },
  );

  it('answers for any text', () => {
    fc.assert(fc.property(fc.string(), (text) => !hasValidChecksum(text)));
  });
});

describe('isKeyOfProject', () => {
  it('finds the slug of the project in its key', () => {
    expect(isKeyOfProject(generateApiKey('demo'), 'demo')).toBe(true);
  });

  it('refuses a project whose slug only begins alike', () => {
    expect(isKeyOfProject(generateApiKey('demo-two'), 'demo')).toBe(false);
    expect(isKeyOfProject(generateApiKey('demo'), 'demo-two')).toBe(false);
  });
});

describe('hashApiKey', () => {
  it('is the SHA-256 of the whole key in hex', () => {
    expect(hashApiKey('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });

  it('differs for two keys', () => {
    expect(hashApiKey(generateApiKey('demo'))).not.toBe(hashApiKey(generateApiKey('demo')));
  });
});
