import { mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AptSession, type AptProgram } from './apt-session.ts';
import type { FetchOptions } from './fetch-work.ts';
import { libraryDirs } from './package-cache.ts';
import { runCommand, type CommandResult } from './run-command.ts';

/** A Python with pip. */
export interface Pip {
  readonly python: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const PIP_PACKAGE: AptProgram = {
  debianPackage: 'python3-pip',
  debianServerPackage: /^python3-pip$/,
  // All: many packages depend on Python, and without it apt finds the machine broken.
  debianFamily: /^/,
};

const SYSTEM_PYTHON = '/usr/bin/python3';
const SYSTEM_CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt';

/**
 * Returns the pip of this machine, else one from packages of the operating system, which are unpacked into `workDir` (15 MB):
 * nothing is installed. Throws when there is neither.
 */
export async function findPip(workDir: string, options: FetchOptions): Promise<Pip> {
  for (const python of ['python3', SYSTEM_PYTHON]) {
    const pip = { python, env: options.env };
    if (await isUsable(pip, options.signal)) return pip;
  }
  options.onProgress('downloading pip, which this machine does not have');
  return unpackPip(workDir, options);
}

/** Unpacks the packages of pip, and of Python unless it is installed. */
export async function unpackPip(workDir: string, { env, signal }: FetchOptions): Promise<Pip> {
  const apt = await AptSession.open({ workDir, env, signal });
  await apt.update();
  const debsDir = join(workDir, 'debs', 'pip');
  await apt.download(await apt.closure(PIP_PACKAGE), debsDir, () => {});
  const rootDir = join(workDir, 'pip');
  await mkdir(rootDir);
  for (const deb of await readdir(debsDir)) if (deb.endsWith('.deb')) await apt.unpack(join(debsDir, deb), rootDir);

  const usr = join(rootDir, 'usr');
  const unpacked = (await readdir(join(usr, 'bin'))).find((name) => /^python3\.\d+$/.test(name));
  const pip: Pip = {
    python: unpacked === undefined ? SYSTEM_PYTHON : join(usr, 'bin', unpacked),
    env: {
      ...env,
      ...(unpacked !== undefined && { PYTHONHOME: usr, LD_LIBRARY_PATH: (await libraryDirs(rootDir)).join(':') }),
      PYTHONPATH: join(usr, 'lib/python3/dist-packages'),
      PIP_CERT: env.PIP_CERT ?? (await certificates(rootDir)),
    },
  };
  if (!(await isUsable(pip, signal))) throw new Error('The packaged pip does not run');
  return pip;
}

/** The machine's certificates, else those of the packages: the file with all of them is made by a hook, which did not run. */
async function certificates(rootDir: string): Promise<string | undefined> {
  if ((await stat(SYSTEM_CERTIFICATES).catch(() => null)) !== null) return SYSTEM_CERTIFICATES;
  const dir = join(rootDir, 'usr/share/ca-certificates/mozilla');
  const names = await readdir(dir).catch(() => []);
  if (names.length === 0) return undefined;
  const path = join(rootDir, 'certificates.pem');
  await writeFile(path, (await Promise.all(names.map((name) => readFile(join(dir, name), 'utf8')))).join('\n'));
  return path;
}

async function isUsable(pip: Pip, signal: AbortSignal | undefined): Promise<boolean> {
  try {
    return (await runPython(pip, ['-m', 'pip', '--version'], { timeoutMs: 30_000, signal })).code === 0;
  } catch {
    signal?.throwIfAborted();
    return false;
  }
}

export function runPython(
  { python, env }: Pip,
  args: readonly string[],
  options: { readonly timeoutMs: number; readonly signal?: AbortSignal; readonly tempDir?: string },
): Promise<CommandResult> {
  const { tempDir, ...others } = options;
  return runCommand(python, args, {
    ...others,
    env: { ...env, LC_ALL: 'C', ...(tempDir !== undefined && { TMPDIR: tempDir }) },
  });
}
