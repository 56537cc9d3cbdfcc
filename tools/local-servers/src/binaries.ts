import { cp, mkdir, mkdtemp, readFile, realpath, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { findOnMachine, isExecutableFile, type FoundProgram } from './find-on-machine.ts';
import { MissingServersError, commandNames, installAdvice } from './missing-servers.ts';
import { fetchIntoCache, findInCache, openUnpacked, type UnpackedProgram } from './package-cache.ts';
import { ensurePrivateDir, keepFromAgeing } from './private-dir.ts';
import type { ServerKind } from './programs.ts';
import { NOBODY, isReachable, isRoot } from './reachability.ts';

/** A server program that runs on this machine. */
export interface ServerBinary {
  readonly kind: ServerKind;
  /** `path`: a program of the machine. `packages`: unpacked into the cache. */
  readonly source: 'path' | 'packages';
  /** Absolute path of the executable. */
  readonly command: string;
  /** Its folder, where companions such as initdb are. */
  readonly commandDir: string;
  /** `15.13.0` */
  readonly version: string;
  /** Variables that it has to be started with. */
  readonly env: Readonly<Record<string, string>>;
}

export interface ResolveOptions<K extends ServerKind> {
  /** Where packages are unpacked to. Nothing is written elsewhere, but see README.md for root in a closed folder. */
  readonly cacheDir: string;
  readonly want: readonly K[];
  readonly onProgress?: (message: string) => void;
  /** Default: this process's. PATH and XEROTIER_IGNORE_SYSTEM_SERVERS are read, and apt gets all of it. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The major version of PostgreSQL to prefer: data can be read only by the one that wrote them. */
  readonly postgresMajor?: number;
  /** Gives up waiting and fetching. */
  readonly signal?: AbortSignal;
}

/**
 * Finds each wanted server: on the machine, else in the cache, else as packages of the operating system, which are
 * fetched into the cache (20 to 80 MB, seconds to a minute).
 * With XEROTIER_IGNORE_SYSTEM_SERVERS=1 in `env`, programs of the machine are not considered.
 *
 * Throws `MissingServersError`, whose message says what to install, when one cannot be had.
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
  }
  const missing = options.want.filter((kind) => !found[kind]);
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

/** The server of this kind that needs no fetching: of the machine, else of the cache. Null when there is none. */
async function findPresent(kind: ServerKind, options: ResolveOptions<ServerKind>): Promise<ServerBinary | null> {
  const { cacheDir, env = process.env, onProgress = () => {}, signal } = options;
  const onMachine =
    env.XEROTIER_IGNORE_SYSTEM_SERVERS === '1' ? null : await findUsable(kind, options, env, onProgress);
  if (onMachine) return { kind, source: 'path', env: {}, ...onMachine };
  const unpacked = await findInCache(kind, { cacheDir, env, onProgress, signal });
  return unpacked && fromPackages(kind, unpacked, cacheDir);
}

/** How a server is had on this machine. */
export type ServerOutlook =
  | { readonly how: 'present'; readonly binary: ServerBinary }
  | { readonly how: 'fetched' }
  | { readonly how: 'missing'; readonly advice: string };

/** What `resolveBinaries` would do for one server, without doing it: nothing is fetched. */
export async function foreseeServer(
  kind: ServerKind,
  options: Omit<ResolveOptions<ServerKind>, 'want'>,
): Promise<ServerOutlook> {
  const binary = await findPresent(kind, { ...options, want: [kind] });
  if (binary) return { how: 'present', binary };
  if (await hasApt(options.env ?? process.env)) return { how: 'fetched' };
  return { how: 'missing', advice: installAdvice([kind], process.platform) };
}

function findUsable(
  kind: ServerKind,
  options: ResolveOptions<ServerKind>,
  env: Readonly<Record<string, string | undefined>>,
  onProgress: (message: string) => void,
): Promise<FoundProgram | null> {
  if (kind !== 'postgres') return findOnMachine(kind, { env, onProgress });
  return findOnMachine(kind, { env, onProgress, reject: rejectUnreachable, preferMajor: options.postgresMajor });
}

/** As root, PostgreSQL runs as another user, who may not be able to reach a program in somebody's home folder. */
async function rejectUnreachable(command: string): Promise<string | null> {
  if (!isRoot()) return null;
  const dir = join(await realpath(command), '..');
  return (await isReachable(dir, NOBODY)) ? null : `uid ${NOBODY.uid}, which it has to run as, cannot reach it`;
}

async function requireApt(
  missing: readonly ServerKind[],
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

function cannotFetch(missing: readonly ServerKind[], error: unknown): MissingServersError {
  const reason = error instanceof Error ? error.message : String(error);
  const message = [
    `This machine has no usable ${commandNames(missing)}, and fetching packages did not work.`,
    reason,
    'Check the network (and the proxy and the sources that /etc/apt names), then try again. Or do it by hand.',
    installAdvice(missing, process.platform),
  ].join('\n');
  return new MissingServersError(missing, message, { cause: error });
}

async function fromPackages(kind: ServerKind, unpacked: UnpackedProgram, cacheDir: string): Promise<ServerBinary> {
  const usable = kind === 'postgres' && isRoot() ? await reachableCopy(kind, unpacked, cacheDir) : unpacked;
  const { command, commandDir, version, env } = usable;
  return { kind, source: 'packages', command, commandDir, version, env };
}

/** The unpacked program itself when the user it runs as can reach it, else a copy in the private folder of the cache. */
async function reachableCopy(kind: ServerKind, unpacked: UnpackedProgram, cacheDir: string): Promise<UnpackedProgram> {
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
      // Another process put the same copy there first.
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
    await rm(temporaryDir, { recursive: true, force: true });
  }
  await keepFromAgeing(copyDir);
  return openUnpacked(kind, join(copyDir, 'root'));
}
