/** A service as its own process, as deployed. */
import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ServiceRun {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly ended: Promise<Ended>;
}

const ROOT = join(import.meta.dirname, '../../../..');
const BUNDLER = join(ROOT, 'tools/bundler/src/main.ts');

export class ServiceProgram {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Bundles the current sources of an app, `apps/<name>`, into a folder of its own. */
  static async build(app: string): Promise<ServiceProgram> {
    const folder = await mkdtemp(join(tmpdir(), `xerotier-${app}-`));
    await promisify(execFile)(process.execPath, [BUNDLER, join(folder, 'dist')], { cwd: join(ROOT, 'apps', app) });
    // Packages with native code stay outside of the bundle.
    await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    return new ServiceProgram(folder);
  }

  /** Starts it with these arguments and only this environment. */
  start(args: readonly string[], env: NodeJS.ProcessEnv, input = ''): ServiceRun {
    const child = spawn(process.execPath, [join(this.#folder, 'dist/main.js'), ...args], {
      env: { NODE_COMPILE_CACHE: join(this.#folder, 'compile-cache'), ...env },
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    const ended = new Promise<Ended>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => resolve({ code, stdout, stderr }));
    });
    return { child, output: () => stdout + stderr, ended };
  }

  remove(): Promise<void> {
    return rm(this.#folder, { recursive: true, force: true });
  }
}
