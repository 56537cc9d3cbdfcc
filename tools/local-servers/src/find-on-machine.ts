import { constants } from 'node:fs';
import { access, readdir, realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PROGRAMS, USUAL_DIRS, type Program, type PackagedKind } from './programs.ts';
import { runCommand } from './run-command.ts';
import { compareVersions, formatVersion, newestFirst, parseVersion, type Version } from './versions.ts';

/** An executable whose version was determined by running it. */
export interface FoundProgram {
  readonly command: string;
  /** The folder of its companions, such as initdb for postgres. */
  readonly commandDir: string;
  readonly version: string;
}

interface FindOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Rejects an executable for a reason of the caller, which is reported. */
  readonly reject?: (command: string) => Promise<string | null>;
  readonly onProgress: (message: string) => void;
  /** Preferred major version. */
  readonly preferMajor?: number;
}

/** Finds a server on this machine: PATH, then the usual folders. Returns null when none works. */
export async function findOnMachine(kind: PackagedKind, options: FindOptions): Promise<FoundProgram | null> {
  const program = PROGRAMS[kind];
  const pathDirs = (options.env.PATH ?? '').split(':').filter((dir) => dir.startsWith('/'));
  const extraDirs = (await Promise.all(program.extraDirs.map(expandDir))).flat();
  const dirs = new Set([...pathDirs, ...extraDirs, ...USUAL_DIRS]);
  let fallback: FoundProgram | null = null;
  for (const name of program.commands) {
    for (const dir of dirs) {
      const found = await tryProgram(kind, join(dir, name), options);
      if (!found) continue;
      if (options.preferMajor === undefined || parseVersion(found.version)?.[0] === options.preferMajor) return found;
      fallback ??= found;
    }
  }
  return fallback;
}

async function tryProgram(kind: PackagedKind, command: string, options: FindOptions): Promise<FoundProgram | null> {
  if (!(await isExecutableFile(command))) return null;
  const reason = await options.reject?.(command);
  if (reason) {
    options.onProgress(`${command} is not used: ${reason}`);
    return null;
  }
  const checked = await checkProgram(PROGRAMS[kind], command, { PATH: options.env.PATH, LC_ALL: 'C' });
  if ('problem' in checked) {
    options.onProgress(`${command} is not used: ${checked.problem}`);
    return null;
  }
  return checked;
}

/** Runs a candidate: existence is not sufficient, since a library may be missing or the version too old. */
export async function checkProgram(
  program: Program,
  command: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<FoundProgram | { readonly problem: string }> {
  // Links are resolved only for companions. The command keeps its name, because redis-server may be a link to
  // redis-check-rdb, which depends on the name it is called with.
  const commandDir = program.companions.length > 0 ? dirname(await realpath(command)) : dirname(command);
  for (const companion of program.companions) {
    if (!(await isExecutableFile(join(commandDir, companion)))) return { problem: `${companion} is not next to it` };
  }
  try {
    const result = await runCommand(command, [program.versionFlag], { env, timeoutMs: 10_000 });
    const output = `${result.stdout}\n${result.stderr}`.trim();
    if (result.code !== 0) return { problem: `it does not run (${firstLine(output)})` };
    const version = parseVersion(output);
    if (!version) return { problem: 'it does not print its version' };
    const tooOld = tooOldProblem(version, program.oldest);
    return tooOld ? { problem: tooOld } : { command, commandDir, version: formatVersion(version) };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

function tooOldProblem(version: Version, oldest: Version): string | null {
  if (compareVersions(version, oldest) >= 0) return null;
  return `version ${formatVersion(version)} is older than ${formatVersion(oldest)}`;
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? '';
}

export async function isExecutableFile(path: string): Promise<boolean> {
  try {
    if (!(await stat(path)).isFile()) return false;
    await access(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Expands `/usr/lib/postgresql/*\/bin` to the existing folders, newest version first. At most one segment has a star.
 */
export async function expandDir(pattern: string): Promise<string[]> {
  const segments = pattern.split('/');
  const starAt = segments.findIndex((segment) => segment.includes('*'));
  if (starAt < 0) return [pattern];
  const parent = segments.slice(0, starAt).join('/') || '/';
  const [before = '', after = ''] = (segments[starAt] ?? '').split('*');
  const names = await readdir(parent).catch(() => []);
  const matching = names.filter(
    (name) => name.length >= before.length + after.length && name.startsWith(before) && name.endsWith(after),
  );
  return newestFirst(matching).map((name) => [parent, name, ...segments.slice(starAt + 1)].join('/'));
}
