/**
 * The Python of this machine with the packages of a list in `../python`. They are installed once into a git-ignored folder of
 * the project, and again when the list or the Python version changes. Tests are skipped where Python is missing.
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

/** `requirements-llama-index.txt` has the packages that require an older `openai`. */
export type PackageList = 'requirements.txt' | 'requirements-llama-index.txt';

export const pythonFolder = join(import.meta.dirname, '../python');

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
  const env = process.env;
  const version = await runProgram('python3', ['-c', CHECK_VERSION], { env }).catch(() => undefined);
  if (version === undefined) return { missing: 'python3 is not installed' };
  if (version.code !== 0) return { missing: `python3 is older than 3.11: ${version.stdout.trim()}` };
  if (!(await hasProgram('python3', '-c', 'import venv, ensurepip')))
    return { missing: 'python3 cannot create virtual environments (on Debian: apt install python3-venv)' };

  const lists = [list, 'constraints.txt'].map((name) => readFile(join(pythonFolder, name), 'utf8'));
  const cacheKey = [version.stdout, ...(await Promise.all(lists))].join('\0');
  const folder = join(
    projectRoot,
    '.cache',
    'python',
    createHash('sha256').update(cacheKey).digest('hex').slice(0, 16),
  );
  const path = join(folder, 'bin', 'python');
  const done = join(folder, 'complete');
  if (existsSync(done)) return { path };

  // Suites run concurrently, and `npm test` installs during its build: the lock allows one at a time.
  await mkdir(dirname(folder), { recursive: true });
  const lock = `${folder}.lock`;
  while ((await takeLockFile(lock)) !== undefined) await sleep(LOCK_POLL_MS);
  try {
    return existsSync(done) ? { path } : await installInto(folder, list);
  } finally {
    await rm(lock, { force: true });
  }
}

async function installInto(folder: string, list: PackageList): Promise<Python> {
  const env = process.env;
  const path = join(folder, 'bin', 'python');
  await rm(folder, { recursive: true, force: true });
  process.stderr.write(`installing Python clients of ${list} (once; this takes a minute)\n`);
  const created = await runProgram('python3', ['-m', 'venv', folder], { env, timeoutMs: INSTALL_TIMEOUT_MS });
  if (created.code !== 0) return { missing: `python3 -m venv failed: ${lastLine(created.stderr)}` };
  const installed = await runProgram(
    path,
    [
      '-m',
      'pip',
      'install',
      '--disable-pip-version-check',
      // Python compiles what the tests import; compiling everything takes most of the time of an installation.
      '--no-compile',
      '--no-input',
      '--retries',
      '1',
      '--timeout',
      '20',
      '--quiet',
      // Most of the modules are never imported.
      '--no-compile',
    ].concat(['--only-binary', ':all:', '-r', join(pythonFolder, list)]),
    { env, timeoutMs: INSTALL_TIMEOUT_MS },
  ).catch((error: Error) => ({ code: null, stderr: error.message }));
  if (installed.code === 0) {
    await writeFile(join(folder, 'complete'), '');
    return { path };
  }
  await rm(folder, { recursive: true, force: true });
  if (/ResolutionImpossible|from versions: (?!none)/.test(installed.stderr)) throw new Error(installed.stderr);
  return { missing: `pip could not install the clients: ${lastLine(installed.stderr)}` };
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
