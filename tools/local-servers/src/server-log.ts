import { open, stat, type FileHandle } from 'node:fs/promises';
import { rotateLog } from './log-rotation.ts';

const TAIL_LINES = 20;
const TAIL_BYTES = 16_384;

/** A server's log, opened for its next run. */
interface OpenedLog {
  readonly file: FileHandle;
  /** Offset at which this run begins. */
  readonly startsAt: number;
}

/** Opens for appending. A long log is rotated first. */
export async function openLog(path: string): Promise<OpenedLog> {
  rotateLog(path);
  const file = await open(path, 'a', 0o600);
  return { file, startsAt: (await file.stat()).size };
}

/** Returns the last lines since `startsAt`, except those rotated meanwhile. */
export async function tailOf(path: string, startsAt: number): Promise<string[]> {
  const size = await sizeOf(path);
  const from = Math.max(startsAt > size ? 0 : startsAt, size - TAIL_BYTES);
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
