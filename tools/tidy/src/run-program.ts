/** Runs one of the project's command-line programs and returns its output. */
import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';

export const projectRoot = resolve(import.meta.dirname, '../../..');

export interface ProgramResult {
  readonly ok: boolean;
  readonly output: string;
}

export function runProgram(name: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<ProgramResult> {
  const child = spawn(join(projectRoot, 'node_modules', '.bin', name), args, {
    cwd: projectRoot,
    env: { ...process.env, NX_DAEMON: 'false', NX_TUI: 'false', FORCE_COLOR: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => output.push(chunk));
  return new Promise((done, reject) => {
    child.once('error', reject);
    child.once('close', (code) => done({ ok: code === 0, output: Buffer.concat(output).toString() }));
  });
}
