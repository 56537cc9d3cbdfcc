/**
 * Log rotation. The writers are other processes that keep the file open for appending, so a long file is copied and
 * then truncated. Output during the copy is copied too; only output in the microseconds between the last read and the
 * truncation could be lost.
 */
import {
  closeSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';

export interface LogBounds {
  /** Maximum size of a file before it is rotated. Default 10 MiB. */
  readonly bytesMax?: number;
  /** Number of rotated files that are kept, as `<path>.1` (the latest) and so on. Default 3. */
  readonly kept?: number;
}

const BYTES_MAX = 10 * 1024 * 1024;
const KEPT = 3;
const CHUNK_BYTES = 1024 * 1024;
const CHECK_INTERVAL_MS = 1_000;

/** Returns the paths of a log and its rotated files, oldest first, whether or not they exist. */
export function logFiles(path: string, kept: number = KEPT): string[] {
  return [...Array.from({ length: kept }, (_, i) => `${path}.${kept - i}`), path];
}

/** Rotates a file that exceeds its limit; otherwise, or when it is missing, does nothing. */
export function rotateLog(path: string, { bytesMax = BYTES_MAX, kept = KEPT }: LogBounds = {}): void {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size <= bytesMax) return;
  const files = logFiles(path, kept);
  rmSync(files[0] as string, { force: true });
  for (let i = 1; i < kept; i += 1) {
    if (statSync(files[i] as string, { throwIfNoEntry: false })) renameSync(files[i] as string, files[i - 1] as string);
  }
  moveContents(path, files[kept - 1] as string);
}

function moveContents(path: string, to: string): void {
  const source = openSync(path, 'r+');
  try {
    const target = openSync(to, 'wx', 0o600);
    try {
      const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
      for (let at = 0; at < fstatSync(source).size;) {
        const bytes = readSync(source, chunk, 0, chunk.length, at);
        writeSync(target, chunk, 0, bytes);
        at += bytes;
      }
      ftruncateSync(source, 0);
    } catch (error) {
      // A partial copy of data that is still in the original would be read twice.
      rmSync(to, { force: true });
      throw error;
    } finally {
      closeSync(target);
    }
  } finally {
    closeSync(source);
  }
}

/** Checks the files each second; the list may change. The returned function stops it. */
export function keepLogsBounded(paths: () => readonly string[], bounds: LogBounds = {}): () => void {
  const timer = setInterval(() => {
    for (const path of paths()) {
      try {
        rotateLog(path, bounds);
      } catch {
        // A full disk or a removed folder: the file is not changed, and the next check retries.
      }
    }
  }, CHECK_INTERVAL_MS);
  timer.unref();
  return () => clearInterval(timer);
}
