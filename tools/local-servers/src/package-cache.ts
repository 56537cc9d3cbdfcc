import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AptSession } from './apt-session.ts';
import type { PackageVersion } from './apt-output.ts';
import { withFetchLock, withWorkDir, type FetchOptions } from './fetch-work.ts';
import { checkProgram, expandDir, isExecutableFile, type FoundProgram } from './find-on-machine.ts';
import { PROGRAMS, type PackagedKind } from './programs.ts';

/** A server that was unpacked from packages of the operating system. */
export interface UnpackedProgram extends FoundProgram {
  /** The folder that stands for `/`. */
  readonly rootDir: string;
  /** Variables for finding its libraries. */
  readonly env: Readonly<Record<string, string>>;
}

const MARKER = 'packages.json';
/** Not used by servers. For PostgreSQL alone these are 15 MB. */
const UNUSED_DIRS = ['doc', 'man', 'locale', 'lintian', 'bug', 'info', 'perl5'];

/** Returns the unpacked program in the cache, or null. */
export async function findInCache(kind: PackagedKind, options: FetchOptions): Promise<UnpackedProgram | null> {
  const dir = join(options.cacheDir, await machineName(), kind);
  const marker = await readFile(join(dir, MARKER), 'utf8').catch(() => null);
  if (marker === null) return null;
  return openUnpacked(kind, join(dir, 'root')).catch(() => null);
}

/**
 * Downloads and unpacks missing servers into the cache. Several processes may call this concurrently. When killed at
 * any moment, it leaves no incomplete result; the next call removes its leftovers.
 */
export async function fetchIntoCache(
  kinds: readonly PackagedKind[],
  options: FetchOptions,
): Promise<Map<PackagedKind, UnpackedProgram>> {
  return withFetchLock(options, async () => {
    const found = new Map<PackagedKind, UnpackedProgram>();
    for (const kind of kinds) {
      const cached = await findInCache(kind, options);
      if (cached) found.set(kind, cached);
    }
    const missing = kinds.filter((kind) => !found.has(kind));
    if (missing.length === 0) return found;
    const fetched = await withWorkDir(options.cacheDir, (workDir) => fetchPackages(missing, workDir, options));
    return new Map([...found, ...fetched]);
  });
}

async function fetchPackages(
  kinds: readonly PackagedKind[],
  workDir: string,
  options: FetchOptions,
): Promise<Map<PackagedKind, UnpackedProgram>> {
  const { env, onProgress, signal } = options;
  const apt = await AptSession.open({ workDir, env, signal });
  onProgress('updating the package lists');
  await apt.update();
  const found = new Map<PackagedKind, UnpackedProgram>();
  for (const kind of kinds) {
    const packages = await apt.closure(PROGRAMS[kind]);
    found.set(kind, await fetchOne(kind, packages, apt, workDir, options));
  }
  return found;
}

async function fetchOne(
  kind: PackagedKind,
  packages: readonly PackageVersion[],
  apt: AptSession,
  workDir: string,
  { cacheDir, onProgress }: FetchOptions,
): Promise<UnpackedProgram> {
  let done = 0;
  onProgress(`${kind}: downloading ${packages.length} packages`);
  const debsDir = join(workDir, 'debs', kind);
  await apt.download(packages, debsDir, () => onProgress(`${kind}: package ${++done} of ${packages.length}`));
  onProgress(`${kind}: unpacking`);
  const unpackedDir = join(workDir, kind);
  const rootDir = join(unpackedDir, 'root');
  await mkdir(rootDir, { recursive: true });
  for (const deb of await readdir(debsDir)) {
    if (deb.endsWith('.deb')) await apt.unpack(join(debsDir, deb), rootDir);
  }
  await Promise.all(UNUSED_DIRS.map((dir) => rm(join(rootDir, 'usr/share', dir), { recursive: true, force: true })));
  const { version } = await openUnpacked(kind, rootDir);
  await writeFile(join(unpackedDir, MARKER), JSON.stringify({ kind, version, packages }, null, 2));

  const finalDir = join(cacheDir, await machineName(), kind);
  await mkdir(join(finalDir, '..'), { recursive: true });
  // An existing folder was found unusable just before, under the same lock.
  await rm(finalDir, { recursive: true, force: true });
  await rename(unpackedDir, finalDir);
  onProgress(`${kind}: version ${version} is ready`);
  return openUnpacked(kind, join(finalDir, 'root'));
}

/** Describes an unpacked program. Throws when it does not run. */
export async function openUnpacked(kind: PackagedKind, rootDir: string): Promise<UnpackedProgram> {
  const program = PROGRAMS[kind];
  const env = { LD_LIBRARY_PATH: (await libraryDirs(rootDir)).join(':') };
  const dirs = (await Promise.all(program.unpackedDirs.map((dir) => expandDir(join(rootDir, dir))))).flat();
  for (const dir of dirs) {
    for (const name of program.commands) {
      const command = join(dir, name);
      if (!(await isExecutableFile(command))) continue;
      const checked = await checkProgram(program, command, { ...env, LC_ALL: 'C' });
      if ('problem' in checked) throw new Error(`The packaged ${name} is unusable: ${checked.problem}`);
      return { ...checked, rootDir, env };
    }
  }
  throw new Error(`The packages for ${kind} contain no ${program.commands.join(' or ')}`);
}

/** Both `usr/lib/<arch>` and `lib/<arch>`: packages use either, and PostgreSQL needs libraries from both. */
export async function libraryDirs(rootDir: string): Promise<string[]> {
  const perArchitecture = await Promise.all(
    ['usr/lib', 'lib'].map(async (dir) => {
      const names = await readdir(join(rootDir, dir)).catch(() => []);
      return names.filter((name) => /-linux-gnu/.test(name)).map((name) => join(rootDir, dir, name));
    }),
  );
  return [...perArchitecture.flat(), join(rootDir, 'usr/lib')];
}

/**
 * Identifies the system that unpacked programs run on, such as `debian-12-x64`: a folder may be shared with a
 * container, or outlive a system upgrade.
 */
async function machineName(): Promise<string> {
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  const field = (name: string): string => new RegExp(`^${name}="?([\\w.-]*)`, 'm').exec(release)?.[1] || 'unknown';
  return `${field('ID')}-${field('VERSION_ID')}-${process.arch}`;
}
