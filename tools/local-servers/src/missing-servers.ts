import { PROGRAMS, type ServerKind } from './programs.ts';

/** A server is neither on the machine nor to be had as a package. The message says what to type. */
export class MissingServersError extends Error {
  readonly missing: readonly ServerKind[];

  constructor(missing: readonly ServerKind[], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'MissingServersError';
    this.missing = missing;
  }
}

/** The way to install servers by hand, for the package manager that this kind of machine has. */
export function installAdvice(missing: readonly ServerKind[], platform: NodeJS.Platform): string {
  const brew = `brew install ${missing.map((kind) => PROGRAMS[kind].brewFormula).join(' ')}`;
  if (platform === 'darwin') return `Install what is missing:\n  ${brew}`;
  if (platform === 'win32') return 'Windows has no build of all these servers: use WSL 2 with Debian or Ubuntu.';
  return [
    'Install what is missing (no service has to be enabled, only the programs are used):',
    `  Debian, Ubuntu: sudo apt-get install ${missing.map((kind) => PROGRAMS[kind].debianPackage).join(' ')}`,
    `  Fedora:         sudo dnf install ${missing.map((kind) => PROGRAMS[kind].fedoraPackage).join(' ')}`,
    `  Homebrew:       ${brew}`,
  ].join('\n');
}

/** `nats-server, redis-server` */
export function commandNames(kinds: readonly ServerKind[]): string {
  return kinds.map((kind) => PROGRAMS[kind].commands[0]).join(', ');
}
