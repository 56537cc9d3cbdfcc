/** The auth service as its own process, as deployed. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface AuthProcess {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly ended: Promise<Ended>;
}

/** Starts `main` with these arguments and only this environment. */
export function startAuthProcess(args: readonly string[], env: NodeJS.ProcessEnv, input = ''): AuthProcess {
  const main = join(import.meta.dirname, '../src/main.ts');
  const child = spawn(process.execPath, ['--import=@xerotier/testing/swc-hooks', main, ...args], {
    env: { NODE_COMPILE_CACHE: join(import.meta.dirname, '../../../node_modules/.cache/node-compile-cache'), ...env },
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
