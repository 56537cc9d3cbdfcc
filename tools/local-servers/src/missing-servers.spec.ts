import { installAdvice } from './missing-servers.ts';

describe('installAdvice', () => {
  it('returns the Homebrew command on macOS, for the missing servers only', () => {
    expect(installAdvice(['nats', 'redis', 'postgres'], 'darwin')).toContain(
      'brew install nats-server redis postgresql@17',
    );
    expect(installAdvice(['redis'], 'darwin')).not.toMatch(/nats|postgres|apt/);
  });

  it('returns the packages of Debian and Fedora on Linux', () => {
    const advice = installAdvice(['nats', 'postgres'], 'linux');
    expect(advice).toContain('apt-get install nats-server postgresql\n');
    expect(advice).toContain('dnf install nats-server postgresql-server\n');
    expect(advice).not.toContain('redis');
  });
});
