/** Extracts text in a confined process: what parses a file of a stranger can be made to loop, to crash and to fill the memory. */
import { LimitExceeded, runConfined } from '@xerotier/confined-process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FileRejection } from '../file-rejection.ts';
import type { FromChild, ToChild } from './messages.ts';

export interface ExtractOptions {
  /** Default 15,000. */
  readonly timeoutMs?: number;
  /** Heap of the process, in MiB; it may use 128 MiB besides. Default 256. */
  readonly memoryMb?: number;
}

const TIMEOUT_MS = 15_000;
const MEMORY_MB = 256;

/**
 * Returns the text of a PDF or an HTML file.
 * @throws {FileRejection} for one that cannot be read within the limits; the reason of the signal when it is aborted.
 */
export async function extractText(
  file: ToChild,
  signal: AbortSignal,
  { timeoutMs = TIMEOUT_MS, memoryMb = MEMORY_MB }: ExtractOptions = {},
): Promise<string> {
  const program = new URL('./extract-process.ts', import.meta.url);
  let hasBegun = false;
  try {
    return await runConfined<string, ToChild, FromChild>(
      { program, sources, timeoutMs, memoryMb, signal },
      ({ send, resolve, reject }) => {
        send(file);
        return (message) => {
          if (message.type === 'begun') hasBegun = true;
          else if (message.type === 'text') resolve(message.text);
          else reject(new FileRejection(message.reason));
        };
      },
    );
  } catch (error) {
    if (signal.aborted || error instanceof FileRejection) throw error;
    if (error instanceof LimitExceeded)
      throw new FileRejection(`extracting its text was stopped: ${error.message}`, { cause: error });
    if (hasBegun) throw new FileRejection('its text cannot be extracted', { cause: error });
    throw error;
  }
}

/** This library and the packages that it imports. */
function sources(): string[] {
  const unpdf = fileURLToPath(import.meta.resolve('unpdf'));
  return [join(import.meta.dirname, '../..'), dirname(dirname(dirname(unpdf)))];
}
