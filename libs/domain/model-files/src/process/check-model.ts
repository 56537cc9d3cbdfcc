/**
 * Checks a model in a process of its own, so that an upload can neither stop nor fill the service: the process is killed when it takes
 * too long or too much memory. It has no environment, no files and no descriptors but the channel to its parent.
 */
import { AppError } from '@xerotier/errors';
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ModelFacts } from '../checks/model-facts.ts';
import { asAppError } from '../files/as-app-error.ts';
import { readRange } from '../files/model-file.ts';
import type { ModelFile } from '../files/model-file.ts';
import { ModelRejection } from '../files/rejection.ts';
import { PIECE_BYTES_MAX } from './messages.ts';
import type { FromChild, ToChild } from './messages.ts';
import { residentMemoryMb } from './resident-memory.ts';

export interface CheckOptions {
  /** In milliseconds, for the whole check. Default: 60,000. */
  readonly timeoutMs?: number;
  /** Heap of the process, in MiB; it may use 128 MiB besides. Default: 512, which the largest accepted files need. */
  readonly memoryMb?: number;
}

const TIMEOUT_MS = 60_000;
const MEMORY_MB = 512;
/** Node itself, and the bytes of the files that are read. */
const MEMORY_BESIDES_MB = 128;
const MEMORY_CHECK_MS = 50;

/**
 * Reads the headers of the weights and the files beside them, and returns what they say about the model. The files are read in
 * ranges of at most 1 MiB, one at a time.
 * @throws {AppError} `model.invalid` and `model.invalid_file` when the model is rejected, `model.check_stopped` when the check took
 * too long or too much memory; and what reading a file throws.
 */
export function checkModel(files: readonly ModelFile[], options: CheckOptions = {}): Promise<ModelFacts> {
  return checkInProcess(new URL('./check-process.ts', import.meta.url), files, options);
}

/** `checkModel` with another program, for tests. */
export async function checkInProcess(
  program: URL,
  files: readonly ModelFile[],
  { timeoutMs = TIMEOUT_MS, memoryMb = MEMORY_MB }: CheckOptions,
): Promise<ModelFacts> {
  const child = start(fileURLToPath(program), memoryMb);
  const exited = new Promise((resolve) => child.once('exit', resolve).once('error', resolve));
  let timer: NodeJS.Timeout | undefined;
  let memoryTimer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<ModelFacts>((resolve, reject) => {
      timer = setTimeout(() => reject(stopped(`it took more than ${timeoutMs} ms`)), timeoutMs);
      memoryTimer = setInterval(() => {
        void residentMemoryMb(child.pid as number).then((used = 0) => {
          if (used > memoryMb + MEMORY_BESIDES_MB) reject(tooMuchMemory(memoryMb));
        });
      }, MEMORY_CHECK_MS);
      converse(child, files, resolve, reject);
      child.once('error', reject);
      child.once('exit', (code, signal) => reject(endOf(code, signal, memoryMb)));
    });
  } catch (error) {
    throw asAppError(error);
  } finally {
    clearTimeout(timer);
    clearInterval(memoryTimer);
    child.kill('SIGKILL');
    await exited;
  }
}

function start(program: string, memoryMb: number): ChildProcess {
  return fork(program, [], {
    // Without --allow-*: no writing, no processes, threads, addons or WASI. Node 24 has no such switch for the network.
    execArgv: [
      '--permission',
      ...readableBy(program).map((path) => `--allow-fs-read=${path}`),
      '--disallow-code-generation-from-strings',
      `--max-old-space-size=${memoryMb}`,
    ],
    env: {},
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    serialization: 'advanced',
  });
}

/** What the program consists of: a bundle is one file; sources are this library and the package that it imports. */
function readableBy(program: string): string[] {
  if (!program.endsWith('.ts')) return [program];
  const jinja = fileURLToPath(import.meta.resolve('@huggingface/jinja'));
  return [join(import.meta.dirname, '../..'), dirname(dirname(jinja))];
}

function converse(
  child: ChildProcess,
  files: readonly ModelFile[],
  resolve: (facts: ModelFacts) => void,
  reject: (error: unknown) => void,
): void {
  // A process that has been killed takes no messages; its end is reported by 'exit'.
  const send = (message: ToChild): void => void child.send(message, () => undefined);
  child.on('message', (message: FromChild) => {
    switch (message.type) {
      case 'read':
        return void readPiece(files, message).then((bytes) => send({ type: 'bytes', bytes }), reject);
      case 'accepted':
        return resolve(message.facts);
      case 'rejected':
        return reject(new ModelRejection(message.reason, message.file));
      case 'failed':
        return reject(new Error(`The check of a model failed: ${message.stack}`));
    }
  });
  send({ type: 'check', files: files.map(({ name, size }) => ({ name, size })) });
}

async function readPiece(
  files: readonly ModelFile[],
  { file: at, start, end }: Extract<FromChild, { type: 'read' }>,
): Promise<Uint8Array> {
  const file = files[at];
  const isValid =
    [start, end].every(Number.isSafeInteger) && start >= 0 && start < end && end - start <= PIECE_BYTES_MAX;
  if (file === undefined || !isValid || end > file.size)
    throw new Error('The check of a model asked for an invalid range.');
  return readRange(file, { start, end });
}

/** V8 ends a process with SIGABRT when its heap is full. */
function endOf(code: number | null, signal: NodeJS.Signals | null, memoryMb: number): Error {
  if (signal === 'SIGABRT') return tooMuchMemory(memoryMb);
  if (signal !== null) return stopped('its process was ended from outside');
  return new Error(`The process that checks a model ended with ${code}.`);
}

function tooMuchMemory(memoryMb: number): AppError {
  return stopped(`it needed more than ${memoryMb} MiB of memory`);
}

function stopped(reason: string): AppError {
  return new AppError('model.check_stopped', { reason });
}
