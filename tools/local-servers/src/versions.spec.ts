import fc from 'fast-check';
import { compareVersions, newestFirst, parseVersion } from './versions.ts';

describe('parseVersion', () => {
  it.each([
    ['nats-server: v2.9.10', [2, 9, 10]],
    ['Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64', [7, 0, 15]],
    ['postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)', [15, 18, 0]],
    ['postgres (PostgreSQL) 18beta1', [18, 0, 0]],
    ['nginx version: nginx/1.22.1', [1, 22, 1]],
  ])('parses the version in %j', (text, version) => {
    expect(parseVersion(text)).toEqual(version);
  });

  it('returns null for a text without a number', () => {
    expect(parseVersion('command not found')).toBeNull();
  });
});

describe('compareVersions', () => {
  it('compares numerically', () => {
    expect(compareVersions([2, 10, 0], [2, 9, 99])).toBeGreaterThan(0);
    expect(compareVersions([2, 9, 0], [2, 9, 0])).toBe(0);
  });
});

describe('newestFirst', () => {
  it('sorts 17 before 9.6', () => {
    expect(newestFirst(['9.6', '17', '15'])).toEqual(['17', '15', '9.6']);
    expect(newestFirst(['postgresql@9', 'postgresql@16'])).toEqual(['postgresql@16', 'postgresql@9']);
  });

  it('keeps all names', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (names) => {
        expect(newestFirst(names).sort()).toEqual([...names].sort());
      }),
    );
  });
});
