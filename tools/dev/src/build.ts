/** Builds what has changed, as determined by Nx. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { BuildRecord } from './build-record.ts';
import { projectRoot } from './project-paths.ts';

/** @throws {Error} with the compiler's output on failure. */
export async function buildAll(): Promise<void> {
  const record = new BuildRecord(projectRoot);
  if (!(await record.isCurrent())) await record.around(runNx);
}

async function runNx(): Promise<void> {
  const child = spawn(
    process.execPath,
    [
      join(projectRoot, 'node_modules', 'nx', 'dist', 'bin', 'nx.js'),
      'run-many',
      '-t',
      'build',
      '--output-style=stream',
    ],
    {
      cwd: projectRoot,
      env: { ...process.env, NX_DAEMON: 'false', NX_TUI: 'false' },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const output: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => output.push(chunk));
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(`The build failed:\n${Buffer.concat(output).toString()}`);
}
