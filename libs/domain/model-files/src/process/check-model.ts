/** Checks a model in a confined process. */
import { LimitExceeded, runConfined } from '@xerotier/confined-process';
import { AppError } from '@xerotier/errors';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ModelFacts } from '../checks/model-facts.ts';
import { asAppError } from '../files/as-app-error.ts';
import { readRange } from '../files/model-file.ts';
import type { ModelFile } from '../files/model-file.ts';
import { ModelRejection } from '../files/rejection.ts';
import { PIECE_BYTES_MAX } from './messages.ts';
import type { FromChild, ToChild } from './messages.ts';

export interface CheckOptions {
  /** In milliseconds, for the whole check. Default: 60,000. */
  readonly timeoutMs?: number;
  /** Heap of the process, in MiB; it may use 128 MiB besides. Default: 512, which the largest accepted files need. */
  readonly memoryMb?: number;
}

const TIMEOUT_MS = 60_000;
const MEMORY_MB = 512;

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
  try {
    return await runConfined<ModelFacts, ToChild, FromChild>(
      { program, sources, timeoutMs, memoryMb },
      ({ send, resolve, reject }) => {
        send({ type: 'check', files: files.map(({ name, size }) => ({ name, size })) });
        return (message) => {
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
        };
      },
    );
  } catch (error) {
    if (error instanceof LimitExceeded)
      throw new AppError('model.check_stopped', { reason: error.message }, { cause: error });
    throw asAppError(error);
  }
}

/** This library and the packages that it imports. One of them is a link, which Node reads as well as what it leads to. */
function sources(): string[] {
  const [jinja, modelFit] = ['@huggingface/jinja', '@xerotier/model-fit'].map((name) =>
    dirname(dirname(fileURLToPath(import.meta.resolve(name)))),
  ) as [string, string];
  const link = join(jinja, '../../@xerotier/model-fit');
  return [join(import.meta.dirname, '../..'), jinja, modelFit, link];
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
