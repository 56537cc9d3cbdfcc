import { installAdvice } from './missing-servers.ts';

describe('installAdvice', () => {
  it('gives the one line for Homebrew on macOS, with what is missing and no more', () => {
    expect(installAdvice(['nats', 'redis', 'postgres'], 'darwin')).toContain(
      'brew install nats-server redis postgresql@17',
    );
    expect(installAdvice(['redis'], 'darwin')).not.toMatch(/nats|postgres|apt/);
  });

  it('gives the packages of Debian and Fedora on Linux', () => {
    const advice = installAdvice(['nats', 'postgres'], 'linux');
    expect(advice).toContain('apt-get install nats-server postgresql\n');
    expect(advice).toContain('dnf install nats-server postgresql-server\n');
    expect(advice).not.toContain('redis');
  });
});
