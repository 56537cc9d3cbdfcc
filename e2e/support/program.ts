/** Runs a program of this machine to its end. */
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';

export interface ProgramOptions {
  /** What it reads from its standard input; default nothing. */
  readonly input?: string;
  readonly cwd?: string;
  /** Its whole environment. */
  readonly env: NodeJS.ProcessEnv;
  /** After which it is killed; default 110 s, just within the time of a test. */
  readonly timeoutMs?: number;
}

export interface ProgramEnd {
  /** Null when it was killed. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** @throws {Error} when there is no such program, or when it takes too long. */
export async function runProgram(
  program: string,
  args: readonly string[],
  { input = '', cwd, env, timeoutMs = 110_000 }: ProgramOptions,
): Promise<ProgramEnd> {
  const signal = AbortSignal.timeout(timeoutMs);
  const child = spawn(program, [...args], { cwd, env, signal, killSignal: 'SIGKILL' });
  const code = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  // A program that ends without having read its input is judged by its exit code.
  child.stdin.on('error', () => undefined).end(input);
  const [ended, stdout, stderr] = await Promise.all([code, text(child.stdout), text(child.stderr)]);
  return { code: ended, stdout, stderr };
}

/** Whether the program is there and answers to these arguments. */
export async function hasProgram(program: string, ...args: string[]): Promise<boolean> {
  const ending = runProgram(program, args, { env: process.env });
  return ending.then(
    ({ code }) => code === 0,
    () => false,
  );
}
