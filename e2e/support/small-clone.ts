/**
 * A fresh clone for tools/bootstrap.mjs, with one small dependency instead of hundreds. Its installation runs until the test
 * lets it finish, and its program prints the signals it receives. npm itself is real.
 */
import { projectRoot } from '@xerotier/dev';
import { eventually } from '@xerotier/testing';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAlive } from './npm-command.ts';

/** The install script of the dependency, which npm runs. */
const INSTALL = `
  import { appendFileSync, existsSync } from 'node:fs';
  appendFileSync(process.env.CLONE + '/installs', process.pid + '\\n');
  setInterval(() => existsSync(process.env.CLONE + '/may-end') && process.exit(0), 20);
`;

const PROGRAM = `
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(signal, () => { console.log('program got ' + signal); setTimeout(() => process.exit(7), 200); });
  console.log('program runs as ' + process.pid);
  setInterval(() => {}, 1000);
`;

export interface BootstrapRun {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly output: string;
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  prints(text: string): Promise<void>;
}

export class SmallClone {
  readonly dir: string;
  readonly #children: ChildProcess[] = [];

  private constructor(dir: string) {
    this.dir = dir;
  }

  static async open(): Promise<SmallClone> {
    const dir = await mkdtemp(join(tmpdir(), 'xerotier-clone-'));
    const json = (path: string, value: unknown): Promise<void> => writeFile(join(dir, path), JSON.stringify(value));
    await mkdir(join(dir, 'tools/dev/src'), { recursive: true });
    await cp(join(projectRoot, 'tools/bootstrap.mjs'), join(dir, 'tools/bootstrap.mjs'));
    await cp(join(projectRoot, 'tools/dev/src/process-lock.mjs'), join(dir, 'tools/dev/src/process-lock.mjs'));
    await mkdir(join(dir, 'slow'));
    const slow = { name: 'slow', version: '1.0.0', bin: { node: 'node.sh' } };
    const root = { name: 'clone', version: '1.0.0', workspaces: ['slow'] };
    await json('package.json', { ...root, scripts: { start: await startScript() } });
    await json('slow/package.json', { ...slow, scripts: { install: 'node install.mjs' } });
    await json('package-lock.json', {
      ...{ name: 'clone', version: '1.0.0', lockfileVersion: 3, requires: true },
      packages: {
        '': root,
        'node_modules/slow': { resolved: 'slow', link: true },
        slow: { version: '1.0.0', bin: slow.bin, hasInstallScript: true },
      },
    });
    await writeFile(join(dir, 'slow/install.mjs'), INSTALL);
    await writeFile(join(dir, 'slow/node.sh'), `#!/bin/sh\nexec ${process.execPath} "$@"\n`);
    await chmod(join(dir, 'slow/node.sh'), 0o755);
    await writeFile(join(dir, 'program.mjs'), PROGRAM);
    return new SmallClone(dir);
  }

  /** Starts the bootstrap in its own process group, as a terminal does. */
  start(): BootstrapRun {
    const { NODE_OPTIONS: _, ...env } = process.env;
    return this.#run('node', ['tools/bootstrap.mjs', 'program.mjs'], env);
  }

  /** Starts the bootstrap under a shell, which does not forward signals. */
  startUnderShell(): BootstrapRun {
    const { NODE_OPTIONS: _, ...env } = process.env;
    return this.#run('sh', ['-c', 'node tools/bootstrap.mjs program.mjs; true'], env);
  }

  /** Starts the bootstrap with `npm start`. */
  startUnderNpm(): BootstrapRun {
    const { NODE_OPTIONS: _, ...env } = process.env;
    return this.#run('npm', ['start'], env);
  }

  #run(command: string, args: readonly string[], env: NodeJS.ProcessEnv): BootstrapRun {
    const child = spawn(command, args, {
      cwd: this.dir,
      env: { ...env, CLONE: this.dir },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    this.#children.push(child);
    let output = '';
    for (const pipe of [child.stdout, child.stderr]) pipe.on('data', (chunk: Buffer) => (output += chunk.toString()));
    return {
      child,
      pid: child.pid as number,
      get output() {
        return output;
      },
      exited: new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal }))),
      prints: async (text) => {
        await eventually(`prints '${text}'`, () => output.includes(text), 20_000).catch((error: Error) => {
          throw new Error(`${error.message}. Output:\n${output}`);
        });
      },
    };
  }

  /** Returns the process id of each run of the install script. */
  async installs(): Promise<number[]> {
    const text = await readFile(join(this.dir, 'installs'), 'utf8').catch(() => '');
    return text.split('\n').filter(Boolean).map(Number);
  }

  /** Waits for the n-th run of the install script, and returns its process id. */
  async installing(nth = 1): Promise<number> {
    await eventually(`installation ${nth} runs`, async () => (await this.installs()).length >= nth, 20_000);
    return (await this.installs())[nth - 1] as number;
  }

  async finishInstallation(): Promise<void> {
    await writeFile(join(this.dir, 'may-end'), '');
  }

  get isInstalled(): boolean {
    return existsSync(join(this.dir, 'node_modules/.package-lock.json'));
  }

  /** Returns the files that the bootstrap has left in its cache folder. */
  leftovers(): Promise<string[]> {
    return readdir(join(this.dir, '.cache')).catch(() => []);
  }

  async close(): Promise<void> {
    // A process group may outlive its leader.
    for (const { pid } of this.#children) killIfRunning(-(pid as number));
    for (const pid of (await this.installs()).filter(isAlive)) killIfRunning(pid);
    await rm(this.dir, { recursive: true, force: true });
  }
}

/** Returns the start script of the project, with the program of this clone. */
async function startScript(): Promise<string> {
  const { scripts } = JSON.parse(await readFile(join(projectRoot, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  return (scripts['start'] as string).replace(/(?<=bootstrap\.mjs ).*/, 'program.mjs');
}

function killIfRunning(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
