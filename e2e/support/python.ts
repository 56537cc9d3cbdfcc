/**
 * The Python of this machine with the packages of a list in `../python`. They are installed once into a git-ignored folder of
 * the project, and again when a list or the Python version changes. Tests are skipped where Python is missing.
 */
import { projectRoot, takeLockFile } from '@xerotier/dev';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasProgram, runProgram } from './program.ts';

/** The path of the program, or the reason why it is missing. */
export type Python = { readonly path: string; readonly missing?: undefined } | { readonly missing: string };

/** `requirements-llama-index.txt` has the packages that replace those of `requirements.txt` where LlamaIndex needs older ones. */
export type PackageList = 'requirements.txt' | 'requirements-llama-index.txt';

export const pythonFolder = join(import.meta.dirname, '../python');
/** For `PYTHONPYCACHEPREFIX`, so that no bytecode is written beside the sources. */
export const bytecodeFolder = join(projectRoot, '.cache', 'python', 'bytecode');

/** The pinned packages have no wheels for older versions. */
const CHECK_VERSION = 'import sys; print(sys.version); sys.exit(sys.version_info < (3, 11))';
const INSTALL_TIMEOUT_MS = 600_000;
const LOCK_POLL_MS = 500;

/**
 * @throws {Error} when the registry is reachable but the pinned versions cannot be installed, which is a defect of the list.
 */
export async function preparePython(list: PackageList): Promise<Python> {
  const python = await install(list);
  if (python.missing !== undefined)
    process.stderr.write(`\n  !! Tests with Python are SKIPPED on this machine: ${python.missing}\n\n`);
  return python;
}

/** @throws {Error} when Python is missing. */
export function pythonPath(python: Python): string {
  if (python.missing !== undefined) throw new Error(python.missing);
  return python.path;
}

async function install(list: PackageList): Promise<Python> {
  const version = await run('python3', ['-c', CHECK_VERSION]).catch(() => undefined);
  if (version === undefined) return { missing: 'python3 is not installed' };
  if (version.code !== 0) return { missing: `python3 is older than 3.11: ${version.stdout.trim()}` };
  if (!(await hasProgram('python3', '-c', 'import venv, ensurepip')))
    return { missing: 'python3 cannot create virtual environments (on Debian: apt install python3-venv)' };
  return list === 'requirements.txt'
    ? installOnce(version.stdout, [list], installPackages)
    : installOnce(version.stdout, ['requirements.txt', list], installReplacements);
}

/** @param lists decide about the folder: others packages, another folder. */
async function installOnce(
  version: string,
  lists: readonly PackageList[],
  installInto: (folder: string) => Promise<Python>,
): Promise<Python> {
  const contents = await Promise.all(lists.map((name) => readFile(join(pythonFolder, name), 'utf8')));
  const cacheKey = createHash('sha256')
    .update([version, ...contents].join('\0'))
    .digest('hex')
    .slice(0, 16);
  const folder = join(projectRoot, '.cache', 'python', cacheKey);
  const done = join(folder, 'complete');
  if (existsSync(done)) return { path: pythonOf(folder) };

  // Suites run concurrently, and `npm test` installs during its build: the lock allows one at a time.
  await mkdir(dirname(folder), { recursive: true });
  const lock = `${folder}.lock`;
  while ((await takeLockFile(lock)) !== undefined) await sleep(LOCK_POLL_MS);
  try {
    if (existsSync(done)) return { path: pythonOf(folder) };
    await rm(folder, { recursive: true, force: true });
    const python = await installInto(folder);
    if (python.missing === undefined) await writeFile(done, '');
    else await rm(folder, { recursive: true, force: true });
    return python;
  } finally {
    await rm(lock, { force: true });
  }
}

async function installPackages(folder: string): Promise<Python> {
  process.stderr.write('installing Python clients (once; this takes a minute)\n');
  const created = await run('python3', ['-m', 'venv', folder]);
  if (created.code !== 0) return { missing: `python3 -m venv failed: ${lastLine(created.stderr)}` };
  return pipInstall(pythonOf(folder), pythonOf(folder), 'requirements.txt');
}

/** An environment that finds its own packages first, and then those of `requirements.txt`. */
async function installReplacements(folder: string): Promise<Python> {
  const base = await install('requirements.txt');
  if (base.missing !== undefined) return base;
  const created = await run('python3', ['-m', 'venv', '--without-pip', folder]);
  if (created.code !== 0) return { missing: `python3 -m venv failed: ${lastLine(created.stderr)}` };
  const [own, ofBase] = await Promise.all([sitePackagesOf(pythonOf(folder)), sitePackagesOf(base.path)]);
  await writeFile(join(own, 'packages-of-requirements.pth'), `${ofBase}\n`);
  return pipInstall(base.path, pythonOf(folder), 'requirements-llama-index.txt');
}

async function sitePackagesOf(python: string): Promise<string> {
  const { stdout } = await run(python, ['-c', "import sysconfig; print(sysconfig.get_path('purelib'))"]);
  return stdout.trim();
}

/** @param pip a Python with pip, which installs the packages for `python`. */
async function pipInstall(pip: string, python: string, list: PackageList): Promise<Python> {
  const options = ['--no-input', '--retries', '1', '--timeout', '20', '--quiet', '--only-binary', ':all:'];
  // The lists are complete, and Python compiles what the tests import: resolving and compiling would take most of the time.
  const args = ['-m', 'pip', '--disable-pip-version-check', '--python', python, 'install', '--no-deps', '--no-compile'];
  const installed = await run(pip, [...args, ...options, '-r', join(pythonFolder, list)]).catch((error: Error) => ({
    code: null,
    stderr: error.message,
  }));
  if (installed.code === 0) return { path: python };
  if (/ResolutionImpossible|from versions: (?!none)/.test(installed.stderr)) throw new Error(installed.stderr);
  return { missing: `pip could not install the clients: ${lastLine(installed.stderr)}` };
}

function run(program: string, args: readonly string[]): ReturnType<typeof runProgram> {
  return runProgram(program, args, { env: process.env, timeoutMs: INSTALL_TIMEOUT_MS });
}

function pythonOf(folder: string): string {
  return join(folder, 'bin', 'python');
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
