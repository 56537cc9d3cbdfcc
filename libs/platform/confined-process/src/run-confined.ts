/**
 * Runs code on what strangers have sent in a process of its own, so that it can neither stop nor fill the service: the process is
 * killed when it takes too long or too much memory. It has no environment, no files and no descriptors but the channel to its parent.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess, Serializable } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { residentMemoryMb } from './resident-memory.ts';

export interface ConfinedProgram {
  /** A bundle is one file; sources read further ones. */
  readonly program: URL;
  /** Folders that the program may read if it is run from sources. */
  readonly sources: () => readonly string[];
  /** In milliseconds, from the start of the process to its result. */
  readonly timeoutMs: number;
  /** Heap of the process, in MiB; it may use 128 MiB besides. */
  readonly memoryMb: number;
  /** Aborted when nobody needs the result any more. */
  readonly signal?: AbortSignal;
}

/** One run, of which either `resolve` or `reject` is called. */
export interface Exchange<ToChild, Result> {
  readonly send: (message: ToChild) => void;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/** Why a run was stopped: a part of a sentence, "it took more than 60000 ms". */
export class LimitExceeded extends Error {
  override readonly name = 'LimitExceeded';
}

/** Node itself, and bytes that are not on the heap. */
const MEMORY_BESIDES_MB = 128;
const MEMORY_CHECK_MS = 50;
/** Of its CPU time to the time of a run: the collector of V8 has threads. */
const CPU_FACTOR = 4;
/** The kernel ends a process that nobody watches any more, because its parent was killed. */
const WITH_CPU_LIMIT = 'unset PWD OLDPWD SHLVL; ulimit -t "$0" && exec "$@"';

/**
 * Returns what the exchange resolves with, after the process has ended.
 * @param begin sends the first message, and returns what receives those of the process.
 * @throws {LimitExceeded} when the run took too long or too much memory; what the exchange rejects with; the reason of the signal.
 */
export async function runConfined<Result, ToChild, FromChild>(
  { program, sources, timeoutMs, memoryMb, signal }: ConfinedProgram,
  begin: (exchange: Exchange<ToChild, Result>) => (message: FromChild) => void,
): Promise<Result> {
  signal?.throwIfAborted();
  const child = start(fileURLToPath(program), sources, memoryMb, timeoutMs);
  const exited = new Promise((resolve) => child.once('exit', resolve).once('error', resolve));
  let timer: NodeJS.Timeout | undefined;
  let memoryTimer: NodeJS.Timeout | undefined;
  let abort: (() => void) | undefined;
  try {
    return await new Promise<Result>((resolve, reject) => {
      timer = setTimeout(() => reject(new LimitExceeded(`it took more than ${timeoutMs} ms`)), timeoutMs);
      memoryTimer = setInterval(() => {
        void residentMemoryMb(child.pid as number).then((used = 0) => {
          if (used > memoryMb + MEMORY_BESIDES_MB) reject(tooMuchMemory(memoryMb));
        });
      }, MEMORY_CHECK_MS);
      abort = () => reject(signal?.reason as Error);
      signal?.addEventListener('abort', abort, { once: true });
      child.once('error', reject);
      child.once('exit', (code, killedBy) => reject(endOf(code, killedBy, memoryMb)));
      const receive = begin({
        // A process that has been killed takes no messages; its end is reported by 'exit'.
        send: (message) => void child.send(message as Serializable, () => undefined),
        resolve,
        reject,
      });
      child.on('message', (message) => receive(message as FromChild));
    });
  } finally {
    clearTimeout(timer);
    clearInterval(memoryTimer);
    if (abort !== undefined) signal?.removeEventListener('abort', abort);
    child.kill('SIGKILL');
    await exited;
  }
}

function start(program: string, sources: () => readonly string[], memoryMb: number, timeoutMs: number): ChildProcess {
  const readable = program.endsWith('.ts') ? sources() : [program];
  const cpuSeconds = Math.ceil((timeoutMs * CPU_FACTOR) / 1_000);
  // Without --allow-*: no writing, no processes, threads, addons or WASI. Node 24 has no such switch for the network.
  const node = [
    process.execPath,
    '--permission',
    ...readable.map((path) => `--allow-fs-read=${path}`),
    '--disallow-code-generation-from-strings',
    `--max-old-space-size=${memoryMb}`,
    program,
  ];
  return spawn('/bin/sh', ['-c', WITH_CPU_LIMIT, String(cpuSeconds), ...node], {
    env: {},
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    serialization: 'advanced',
  });
}

/** V8 ends a process with SIGABRT when its heap is full. */
function endOf(code: number | null, signal: NodeJS.Signals | null, memoryMb: number): Error {
  if (signal === 'SIGABRT') return tooMuchMemory(memoryMb);
  if (signal !== null) return new LimitExceeded('its process was ended from outside');
  return new Error(`The confined process ended with ${code}.`);
}

function tooMuchMemory(memoryMb: number): LimitExceeded {
  return new LimitExceeded(`it needed more than ${memoryMb} MiB of memory`);
}
