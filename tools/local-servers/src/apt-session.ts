import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { privateAptConfig, privateAptDirs } from './apt-config.ts';
import { aptProblems, isNeededToRun, parseSimulation, withoutPackages, type PackageVersion } from './apt-output.ts';
import type { Program } from './programs.ts';
import { runCommand, type CommandResult } from './run-command.ts';

interface AptSessionOptions {
  readonly workDir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal;
}

/** What apt must know of a program. */
export type AptProgram = Pick<Program, 'debianPackage' | 'debianServerPackage' | 'debianFamily'>;

/**
 * apt for any user: with the machine's sources and status, and with lists, caches and downloads in `workDir`. It
 * installs nothing.
 */
export class AptSession {
  readonly #workDir: string;
  readonly #env: Record<string, string | undefined>;
  readonly #signal: AbortSignal | undefined;
  /** Problems of the update. Relevant only when a package is not found afterwards. */
  #updateProblems: string[] = [];

  private constructor({ workDir, env, signal }: AptSessionOptions) {
    this.#workDir = workDir;
    // LC_ALL: its output is parsed. TMPDIR: it verifies signatures there.
    this.#env = { ...env, LC_ALL: 'C', TMPDIR: join(workDir, 'tmp'), DEBIAN_FRONTEND: 'noninteractive' };
    this.#signal = signal;
  }

  static async open(options: AptSessionOptions): Promise<AptSession> {
    const session = new AptSession(options);
    await Promise.all(privateAptDirs(options.workDir).map((dir) => mkdir(dir, { recursive: true })));
    const dump = await session.#run('apt-config', ['dump'], 30_000);
    if (dump.code !== 0) throw new Error(`apt-config dump failed: ${aptProblems(dump.stderr).join('\n')}`);
    const configPath = join(options.workDir, 'apt.conf');
    await writeFile(configPath, privateAptConfig(dump.stdout, options.workDir));
    // Passed as a variable, it is read before the files that it turns off.
    session.#env.APT_CONFIG = configPath;
    return session;
  }

  /** Downloads the package lists. A broken source must not fail the update, so problems are only recorded. */
  async update(): Promise<void> {
    const result = await this.#run('apt-get', ['update'], 300_000);
    this.#updateProblems = aptProblems(`${result.stdout}\n${result.stderr}`);
  }

  /** Returns the packages to unpack so that this program runs on this machine. */
  async closure(program: AptProgram): Promise<PackageVersion[]> {
    const packages = await this.#simulate(program, []);
    if (packages.some(({ name }) => program.debianServerPackage.test(name))) return packages.filter(isUseful);
    // The machine has the package already (but its executable is ignored or unusable), so apt would do nothing.
    // Simulates a machine without it.
    const status = await readFile('/var/lib/dpkg/status', 'utf8');
    const statusPath = join(this.#workDir, 'state/status');
    await writeFile(statusPath, withoutPackages(status, program.debianFamily));
    const again = await this.#simulate(program, ['-o', `Dir::State::status=${statusPath}`]);
    return again.filter(isUseful);
  }

  async #simulate(program: AptProgram, options: readonly string[]): Promise<PackageVersion[]> {
    const args = [...options, '-s', '-y', '--no-install-recommends', 'install', program.debianPackage];
    const result = await this.#run('apt-get', args, 60_000);
    if (result.code === 0) return parseSimulation(result.stdout);
    throw this.#failure(`apt cannot install ${program.debianPackage}`, result);
  }

  /** Downloads into `dir`; apt verifies signatures and checksums. */
  async download(packages: readonly PackageVersion[], dir: string, onFile: () => void): Promise<void> {
    await mkdir(dir, { recursive: true });
    const wanted = packages.map(({ name, version }) => `${name}=${version}`);
    const onLine = (line: string): void => {
      if (line.startsWith('Get:')) onFile();
    };
    const result = await this.#run('apt-get', ['download', ...wanted], 900_000, { cwd: dir, onLine });
    if (result.code !== 0) throw this.#failure('apt could not download all packages', result);
  }

  async unpack(debPath: string, rootDir: string): Promise<void> {
    const result = await this.#run('dpkg', ['-x', debPath, rootDir], 120_000);
    if (result.code !== 0) throw new Error(`dpkg could not unpack ${debPath}: ${result.stderr.trim()}`);
  }

  #run(
    command: string,
    args: readonly string[],
    timeoutMs: number,
    more: { cwd?: string; onLine?: (line: string) => void } = {},
  ): Promise<CommandResult> {
    return runCommand(command, args, { env: this.#env, timeoutMs, signal: this.#signal, ...more });
  }

  #failure(what: string, result: CommandResult): Error {
    const problems = [...this.#updateProblems, ...aptProblems(`${result.stdout}\n${result.stderr}`)];
    const shown = [...new Set(problems)].slice(0, 8).map((problem) => `  ${problem}`);
    return new Error([`${what}. Its output:`, ...shown].join('\n'));
  }
}

function isUseful({ name }: PackageVersion): boolean {
  return isNeededToRun(name);
}
