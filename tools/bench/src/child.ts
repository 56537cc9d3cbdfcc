import { fork, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** Timeouts for a child's first message, and for its exit after SIGTERM. */
interface Timeouts {
  startTimeoutMs: number;
  stopTimeoutMs: number;
}

const defaultTimeouts: Timeouts = { startTimeoutMs: 20_000, stopTimeoutMs: 3_000 };
const outputBytesMax = 4_096;
/** Conditions under which packages of an older baseline resolve to their sources; those of this checkout always do. */
const conditions = ['--conditions=xerotier-source', '--conditions=source'];

/** A process of this benchmark. `output` is the end of its output, for error messages. */
export interface Child {
  pid: number;
  process: ChildProcess;
  output(): string;
  stop(): Promise<void>;
  /** Awaits a step of the start; stops the process when it fails, and rethrows. */
  orStop<T>(step: Promise<T>): Promise<T>;
}

/** Starts a TypeScript file of this package with an IPC channel, and waits for its first message. */
export async function forkEntry<M>(
  entry: URL,
  args: string[] = [],
  timeouts = defaultTimeouts,
): Promise<Child & { first: M }> {
  const child = watch(
    fork(entry, args, { execArgv: conditions, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] }),
    timeouts.stopTimeoutMs,
  );
  return { ...child, first: await child.orStop(firstMessage<M>(child, timeouts.startTimeoutMs)) };
}

/** Starts another program. It is stopped with this process, unless this one is killed. */
export function startProgram(command: string, args: string[], env?: NodeJS.ProcessEnv): Child {
  return watch(spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env }));
}

/** Returns the next message of a child; rejects with its output when it exits or the timeout passes first. */
function firstMessage<M>(child: Child, timeoutMs: number): Promise<M> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => fail(`sent no message within ${timeoutMs} ms`), timeoutMs);
    const onExit = (code: number | null): void => fail(`exited with code ${code}`);
    const onMessage = (message: unknown): void => {
      cleanUp();
      resolve(message as M);
    };
    const cleanUp = (): void => {
      clearTimeout(timer);
      child.process.off('exit', onExit).off('message', onMessage);
    };
    function fail(reason: string): void {
      cleanUp();
      reject(new Error(`${child.process.spawnargs.join(' ')} ${reason}. ${child.output()}`));
    }
    child.process.once('exit', onExit);
    child.process.once('message', onMessage);
  });
}

function watch(process: ChildProcess, stopTimeoutMs = defaultTimeouts.stopTimeoutMs): Child {
  let printed = '';
  const keep = (part: Buffer): void => {
    printed = (printed + part.toString()).slice(-outputBytesMax);
  };
  process.stdout?.on('data', keep);
  process.stderr?.on('data', keep);
  process.on('error', (error) => keep(Buffer.from(error.message)));
  return {
    pid: process.pid ?? 0,
    process,
    output: () => printed.trim(),
    stop: () => stop(process, stopTimeoutMs),
    orStop: (step) =>
      step.catch(async (error: unknown) => {
        await stop(process, stopTimeoutMs);
        throw error;
      }),
  };
}

async function stop(process: ChildProcess, timeoutMs: number): Promise<void> {
  if (process.exitCode !== null || process.signalCode !== null || process.pid === undefined) return;
  const exited = once(process, 'exit');
  process.kill('SIGTERM');
  const timer = setTimeout(() => process.kill('SIGKILL'), timeoutMs);
  await exited;
  clearTimeout(timer);
}
