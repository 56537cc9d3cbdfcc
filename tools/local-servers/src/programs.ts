import type { Version } from './versions.ts';

export type ServerKind = 'nats' | 'redis' | 'postgres' | 'nginx';

/** What has to be known about a server to find it, fetch it, or tell a person how to install it. */
export interface Program {
  /** Names of the executable, best first. The later ones are drop-in replacements. */
  readonly commands: readonly string[];
  /** Executables that have to stand beside it. */
  readonly companions: readonly string[];
  readonly versionFlag: string;
  /** Older ones lack something that the platform needs, so they count as absent. */
  readonly oldest: Version;
  /** Folders outside PATH; `*` stands for one path segment, and the newest match is tried first. */
  readonly extraDirs: readonly string[];
  readonly debianPackage: string;
  /** Matches the package that holds the executable itself, as a metapackage may be installed without it. */
  readonly debianServerPackage: RegExp;
  /** Packages of this program's own family, for a status file that pretends they are not installed. */
  readonly debianFamily: RegExp;
  /** Where the executable lies in an unpacked package. */
  readonly unpackedDirs: readonly string[];
  readonly fedoraPackage: string;
  readonly brewFormula: string;
}

const ORDINARY_UNPACKED_DIRS = ['usr/sbin', 'usr/bin'];

export const PROGRAMS: Readonly<Record<ServerKind, Program>> = {
  nats: {
    commands: ['nats-server'],
    companions: [],
    versionFlag: '--version',
    // The JetStream client creates consumers by name, which came with 2.9.
    oldest: [2, 9, 0],
    extraDirs: [],
    debianPackage: 'nats-server',
    debianServerPackage: /^nats-server$/,
    debianFamily: /^nats-server$/,
    unpackedDirs: ORDINARY_UNPACKED_DIRS,
    fedoraPackage: 'nats-server',
    brewFormula: 'nats-server',
  },
  redis: {
    commands: ['redis-server', 'valkey-server'],
    companions: [],
    versionFlag: '--version',
    oldest: [6, 0, 0],
    extraDirs: [],
    debianPackage: 'redis-server',
    debianServerPackage: /^redis-server$/,
    debianFamily: /^redis(-|$)/,
    unpackedDirs: ORDINARY_UNPACKED_DIRS,
    fedoraPackage: 'valkey',
    brewFormula: 'redis',
  },
  postgres: {
    commands: ['postgres'],
    companions: ['initdb'],
    versionFlag: '--version',
    oldest: [14, 0, 0],
    extraDirs: [
      '/usr/lib/postgresql/*/bin',
      '/usr/pgsql-*/bin',
      '/opt/homebrew/opt/postgresql@*/bin',
      '/usr/local/opt/postgresql@*/bin',
      '/home/linuxbrew/.linuxbrew/opt/postgresql@*/bin',
      '/Applications/Postgres.app/Contents/Versions/*/bin',
    ],
    debianPackage: 'postgresql',
    debianServerPackage: /^postgresql-\d+$/,
    debianFamily: /^postgresql(-|$)/,
    unpackedDirs: ['usr/lib/postgresql/*/bin'],
    fedoraPackage: 'postgresql-server',
    brewFormula: 'postgresql@17',
  },
  nginx: {
    commands: ['nginx'],
    companions: [],
    versionFlag: '-v',
    oldest: [1, 18, 0],
    extraDirs: [],
    debianPackage: 'nginx',
    // In older releases `nginx` is a metapackage and the executable is in a flavour of it.
    debianServerPackage: /^nginx(-core|-light|-full)?$/,
    debianFamily: /^(lib)?nginx(-|$)/,
    unpackedDirs: ORDINARY_UNPACKED_DIRS,
    fedoraPackage: 'nginx',
    brewFormula: 'nginx',
  },
};

/** Folders of executables that a person's PATH often lacks: system programs and package managers of their own. */
export const USUAL_DIRS: readonly string[] = [
  '/usr/local/bin',
  '/usr/bin',
  '/usr/local/sbin',
  '/usr/sbin',
  '/sbin',
  '/opt/homebrew/bin',
  '/opt/local/bin',
  '/opt/local/sbin',
  '/home/linuxbrew/.linuxbrew/bin',
];
