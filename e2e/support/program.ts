/** Runs an installed program and waits for its exit. */
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';

export interface ProgramOptions {
  /** The standard input; default: empty. */
  readonly input?: string;
  readonly cwd?: string;
  /** The complete environment. */
  readonly env: NodeJS.ProcessEnv;
  /** The program is killed after this time; default 110 s, just below the timeout of a test. */
  readonly timeoutMs?: number;
}

export interface ProgramResult {
  /** Null when it was killed. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** @throws {Error} when the program does not exist or the timeout is exceeded. */
export async function runProgram(
  program: string,
  args: readonly string[],
  { input = '', cwd, env, timeoutMs = 110_000 }: ProgramOptions,
): Promise<ProgramResult> {
  const signal = AbortSignal.timeout(timeoutMs);
  const child = spawn(program, [...args], { cwd, env, signal, killSignal: 'SIGKILL' });
  const code = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  // A program may exit without reading its input: only its exit code counts.
  child.stdin.on('error', () => undefined).end(input);
  const [exitCode, stdout, stderr] = await Promise.all([code, text(child.stdout), text(child.stderr)]);
  return { code: exitCode, stdout, stderr };
}

/** Returns whether the program exists and exits with code 0 for these arguments. */
export async function hasProgram(program: string, ...args: string[]): Promise<boolean> {
  const result = runProgram(program, args, { env: process.env });
  return result.then(
    ({ code }) => code === 0,
    () => false,
  );
}
