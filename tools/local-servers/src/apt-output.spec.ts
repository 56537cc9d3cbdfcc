import { aptProblems, isNeededToRun, parseSimulation, withoutPackages } from './apt-output.ts';

describe('parseSimulation', () => {
  it('parses new packages, upgrades and epochs', () => {
    const output = [
      'NOTE: This is only a simulation!',
      'Inst liblzf1 (3.6-3 Debian:12.5/stable [amd64])',
      'Inst libssl3 [3.0.15-1] (3.0.17-1 Debian-Security:12/stable-security [amd64])',
      'Inst redis-server (5:7.0.15-1~deb12u10 Debian-Security:12/stable-security [amd64]) []',
      'Conf liblzf1 (3.6-3 Debian:12.5/stable [amd64])',
    ].join('\n');
    expect(parseSimulation(output)).toEqual([
      { name: 'liblzf1', version: '3.6-3' },
      { name: 'libssl3', version: '3.0.17-1' },
      { name: 'redis-server', version: '5:7.0.15-1~deb12u10' },
    ]);
  });

  it('returns nothing for a simulation without installations', () => {
    expect(parseSimulation('redis-server is already the newest version.\nRemv nothing [1]')).toEqual([]);
  });
});

describe('isNeededToRun', () => {
  it.each(['nats-server', 'postgresql-15', 'libpq5', 'libc-ares2', 'libcom-err2', 'libicu72'])('keeps %s', (name) => {
    expect(isNeededToRun(name)).toBe(true);
  });

  it.each(['libc6', 'libc6:i386', 'libc-bin', 'perl-base', 'libjson-perl', 'libllvm14', 'postgresql-common'])(
    'omits %s',
    (name) => {
      expect(isNeededToRun(name)).toBe(false);
    },
  );
});

describe('aptProblems', () => {
  it('returns each problem once', () => {
    const output =
      'Hit:1 http://example\nW: Failed to fetch http://example\nW: Failed to fetch http://example\nE: Unable to locate package x';
    expect(aptProblems(output)).toEqual(['Failed to fetch http://example', 'Unable to locate package x']);
  });

  it('returns nothing for successful output', () => {
    expect(aptProblems('Hit:1 http://example\nReading package lists...')).toEqual([]);
  });
});

describe('withoutPackages', () => {
  const status = ['redis-server', 'redis-tools', 'libredis-perl', 'bash']
    .map((name) => `Package: ${name}\nStatus: install ok installed\nDescription: x\n Package: redis-in-text\n`)
    .join('\n');

  it('removes only the packages of the family', () => {
    const names = [...withoutPackages(status, /^redis(-|$)/).matchAll(/^Package: (\S+)/gm)].map((match) => match[1]);
    expect(names).toEqual(['libredis-perl', 'bash']);
  });

  it('does not change a status without that family', () => {
    expect(withoutPackages(status, /^nginx$/).trim()).toBe(status.trim());
  });
});
