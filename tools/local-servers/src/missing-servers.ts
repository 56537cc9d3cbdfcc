import { PROGRAMS, type PackagedKind, type ServerKind } from './programs.ts';

/** A server is neither installed nor available as a package. The message explains what to install. */
export class MissingServersError extends Error {
  readonly missing: readonly ServerKind[];

  constructor(missing: readonly ServerKind[], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'MissingServersError';
    this.missing = missing;
  }
}

/** Returns how to install servers, with the package managers of this platform. */
export function installAdvice(missing: readonly PackagedKind[], platform: NodeJS.Platform): string {
  const brew = `brew install ${missing.map((kind) => PROGRAMS[kind].brewFormula).join(' ')}`;
  if (platform === 'darwin') return `Install the missing servers:\n  ${brew}`;
  if (platform === 'win32')
    return 'Not all of these servers are available for Windows: use WSL 2 with Debian or Ubuntu.';
  return [
    'Install the missing servers (no service has to be enabled, only the programs are used):',
    `  Debian, Ubuntu: sudo apt-get install ${missing.map((kind) => PROGRAMS[kind].debianPackage).join(' ')}`,
    `  Fedora:         sudo dnf install ${missing.map((kind) => PROGRAMS[kind].fedoraPackage).join(' ')}`,
    `  Homebrew:       ${brew}`,
  ].join('\n');
}

/** `nats-server, redis-server` */
export function commandNames(kinds: readonly PackagedKind[]): string {
  return kinds.map((kind) => PROGRAMS[kind].commands[0]).join(', ');
}
