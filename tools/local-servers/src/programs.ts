import type { Version } from './versions.ts';
import type { WheelKind } from './wheels.ts';

/** Servers that operating systems package. */
export type PackagedKind = 'nats' | 'redis' | 'postgres' | 'nginx';

export type ServerKind = PackagedKind | WheelKind;

/** How to find a server, download it, or install it. */
export interface Program {
  /** Names of the executable, in order of preference. The later ones are drop-in replacements. */
  readonly commands: readonly string[];
  /** Executables that must be in the same folder. */
  readonly companions: readonly string[];
  readonly versionFlag: string;
  /** Older versions lack required features and are ignored. */
  readonly oldest: Version;
  /** Folders outside PATH; `*` stands for one path segment, and the newest match is tried first. */
  readonly extraDirs: readonly string[];
  readonly debianPackage: string;
  /** Matches the package with the executable itself, as a metapackage may be installed without it. */
  readonly debianServerPackage: RegExp;
  /** Packages of the same family, to simulate a machine without them. */
  readonly debianFamily: RegExp;
  /** Where the executable is in an unpacked package. */
  readonly unpackedDirs: readonly string[];
  readonly fedoraPackage: string;
  readonly brewFormula: string;
}

const ORDINARY_UNPACKED_DIRS = ['usr/sbin', 'usr/bin'];

export const PROGRAMS: Readonly<Record<PackagedKind, Program>> = {
  nats: {
    commands: ['nats-server'],
    companions: [],
    versionFlag: '--version',
    // The JetStream client creates consumers by name, which requires 2.9.
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
    // In older releases `nginx` is a metapackage, and the executable is in one of its flavours.
    debianServerPackage: /^nginx(-core|-light|-full)?$/,
    debianFamily: /^(lib)?nginx(-|$)/,
    unpackedDirs: ORDINARY_UNPACKED_DIRS,
    fedoraPackage: 'nginx',
    brewFormula: 'nginx',
  },
};

/** Folders of executables that are often missing in PATH: system programs and other package managers. */
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
