/**
 * Logs of a bounded size. The writers are other processes that hold the file open for appending and know nothing of this,
 * so a long file is copied and then emptied under them. What they write during the copy is copied too; between the last look
 * and the emptying are microseconds, in which a line could get lost.
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
  /** A longer file is put aside. Default 10 MiB. */
  readonly bytesMax?: number;
  /** How many files are kept that were put aside, as `<path>.1` (the latest) and so on. Default 3. */
  readonly kept?: number;
}

const BYTES_MAX = 10 * 1024 * 1024;
const KEPT = 3;
const CHUNK_BYTES = 1024 * 1024;
const LOOK_EVERY_MS = 1_000;

/** The files of a log that was put aside and of the log itself, oldest first, whether or not they exist. */
export function logFiles(path: string, kept: number = KEPT): string[] {
  return [...Array.from({ length: kept }, (_, i) => `${path}.${kept - i}`), path];
}

/** Puts a file aside that has become too long; otherwise, or when there is none, does nothing. */
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
      // Half a copy of what is still in its place would be read twice.
      rmSync(to, { force: true });
      throw error;
    } finally {
      closeSync(target);
    }
  } finally {
    closeSync(source);
  }
}

/** Looks at the files each second, which may be others each time. The returned function ends that. */
export function keepLogsBounded(paths: () => readonly string[], bounds: LogBounds = {}): () => void {
  const timer = setInterval(() => {
    for (const path of paths()) {
      try {
        rotateLog(path, bounds);
      } catch {
        // A full disk or a folder that was removed: the file stays as it is, and is tried again.
      }
    }
  }, LOOK_EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
}
