import { open, rename, stat, type FileHandle } from 'node:fs/promises';

const LOG_BYTES_MAX = 10 * 1024 * 1024;
const TAIL_LINES = 20;
const TAIL_BYTES = 16_384;

/** A server's log, opened for its next run. */
interface OpenedLog {
  readonly file: FileHandle;
  /** Where this run begins. */
  readonly startsAt: number;
}

/** Opens for appending. A log that has become long is kept under the name `<path>.1`, in place of an earlier one. */
export async function openLog(path: string): Promise<OpenedLog> {
  const size = await sizeOf(path);
  if (size > LOG_BYTES_MAX) await rename(path, `${path}.1`);
  const file = await open(path, 'a', 0o600);
  return { file, startsAt: (await file.stat()).size };
}

/** The last lines that were written since `startsAt`. */
export async function tailOf(path: string, startsAt: number): Promise<string[]> {
  const size = await sizeOf(path);
  const from = Math.max(startsAt, size - TAIL_BYTES);
  if (size <= from) return [];
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size - from), 0, size - from, from);
    const lines = buffer.subarray(0, bytesRead).toString('utf8').split('\n');
    return lines.filter((line) => line.trim() !== '').slice(-TAIL_LINES);
  } finally {
    await file.close();
  }
}

async function sizeOf(path: string): Promise<number> {
  const found = await stat(path).catch(() => null);
  return found?.size ?? 0;
}
