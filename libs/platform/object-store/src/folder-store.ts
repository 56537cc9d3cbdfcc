import { AppError } from '@xerotier/errors';
import { freeBuffer } from '@xerotier/buffers';
import { randomUUID } from 'node:crypto';
import type { Dirent } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { assertKey, assertPrefix, ObjectNotFoundError } from './object-store.ts';
import type { ByteRange, ObjectStore, StoredObject } from './object-store.ts';
import { WatchedContent } from './watched-content.ts';

const OBJECTS = 'objects';
const INCOMING = 'incoming';
/** Read at a time; two such pieces are in memory. */
const PIECE_BYTES = 256 * 1_024;

/**
 * Objects as files of a folder, which several processes may share. An object is written into the folder `incoming` and flushed, then
 * renamed to its place, and the folder is flushed: at any moment the object is whole or absent.
 */
export class FolderStore implements ObjectStore {
  readonly #root: string;

  private constructor(root: string) {
    this.#root = root;
  }

  /** Creates the folder if it is missing. @throws {AppError} `store.unavailable`. */
  static open(root: string): Promise<FolderStore> {
    return withStoreErrors(async () => {
      for (const name of [OBJECTS, INCOMING]) await mkdir(join(root, name), { recursive: true, mode: 0o700 });
      return new FolderStore(root);
    });
  }

  async write(key: string, content: AsyncIterable<Uint8Array>): Promise<number> {
    const path = this.#pathOf(key);
    const incoming = join(this.#root, INCOMING, randomUUID());
    const source = new WatchedContent(content);
    try {
      await writeFile(incoming, source);
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await rename(incoming, path);
      await this.#flush(dirname(path));
      return source.bytes;
    } catch (error) {
      // What cannot be removed now is left for `removeUnfinished`.
      await rm(incoming, { force: true }).catch(() => undefined);
      throw source.failure === undefined ? translated(error) : source.failure.error;
    }
  }

  async *read(key: string, range?: ByteRange): AsyncGenerator<Uint8Array, void, undefined> {
    const path = this.#pathOf(key);
    try {
      yield* piecesOf(await open(path), range);
    } catch (error) {
      throw translated(error, key);
    }
  }

  async size(key: string): Promise<number | undefined> {
    const found = await this.#find(this.#pathOf(key));
    return found?.bytes;
  }

  async remove(key: string): Promise<void> {
    const path = this.#pathOf(key);
    // Not flushed: after a power failure the object may be back, as if it had not been removed.
    await withStoreErrors(() => rm(path, { force: true }));
  }

  async *list(prefix = ''): AsyncGenerator<StoredObject, void, undefined> {
    assertPrefix(prefix);
    const objects = join(this.#root, OBJECTS);
    for await (const path of filesBelow(join(objects, prefix))) {
      const found = await this.#find(path);
      // Removed since its folder was read.
      if (found !== undefined) yield { key: relative(objects, path).replaceAll(sep, '/'), ...found };
    }
  }

  removeUnfinished(olderThan: Date): Promise<number> {
    return withStoreErrors(async () => {
      let removed = 0;
      for await (const path of filesBelow(join(this.#root, INCOMING))) {
        const found = await this.#find(path);
        if (found === undefined || found.writtenAt >= olderThan) continue;
        await rm(path, { force: true });
        removed += 1;
      }
      return removed;
    });
  }

  #pathOf(key: string): string {
    assertKey(key);
    return join(this.#root, OBJECTS, key);
  }

  async #find(path: string): Promise<Omit<StoredObject, 'key'> | undefined> {
    const file = await withStoreErrors(() => orAbsent(stat(path)));
    return file?.isFile() === true ? { bytes: file.size, writtenAt: file.mtime } : undefined;
  }

  /** With its parents, whoever has created them: an entry that is lost takes everything below it along. */
  async #flush(path: string): Promise<void> {
    const objects = join(this.#root, OBJECTS);
    for (let folder = path; folder.length >= objects.length; folder = dirname(folder)) await flushFolder(folder);
  }
}

/** Creates a file and flushes it. Each chunk is freed once it is written. */
async function writeFile(path: string, content: AsyncIterable<Uint8Array>): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    for await (const chunk of content) {
      for (let at = 0; at < chunk.length;) at += (await file.write(chunk, at)).bytesWritten;
      freeBuffer(chunk);
    }
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Reads ahead by one piece. Closes the file. */
async function* piecesOf(file: FileHandle, range?: ByteRange): AsyncGenerator<Buffer, void, undefined> {
  const { start, end } = range ?? { start: 0, end: Number.POSITIVE_INFINITY };
  let at = start;
  const read = async (): Promise<Buffer> => {
    const piece = Buffer.allocUnsafeSlow(Math.max(0, Math.min(PIECE_BYTES, end - at)));
    const { bytesRead } = await file.read(piece, 0, piece.length, at);
    at += bytesRead;
    return piece.subarray(0, bytesRead);
  };
  let next = read();
  try {
    for (;;) {
      const piece = await next;
      if (piece.length === 0) return;
      next = read();
      // It is awaited later.
      next.catch(() => undefined);
      yield piece;
    }
  } finally {
    await next.catch(() => undefined);
    await file.close();
  }
}

/** Depth first. Folders that vanish meanwhile are empty. */
async function* filesBelow(folder: string): AsyncGenerator<string, void, undefined> {
  const entries = await withStoreErrors(() => orAbsent<Dirent[]>(readdir(folder, { withFileTypes: true })));
  for (const entry of entries ?? []) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesBelow(path);
    else if (entry.isFile()) yield path;
  }
}

async function flushFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function orAbsent<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found;
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

async function withStoreErrors<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw translated(error);
  }
}

/** Codes of the file system that say that it cannot be used, and not that a program is wrong. */
const UNAVAILABLE = new Set([
  'ENOSPC',
  'EDQUOT',
  'EIO',
  'EROFS',
  'EACCES',
  'EPERM',
  'EMFILE',
  'ENFILE',
  'ENODEV',
  'ESTALE',
]);

/** @param key of what was read. */
function translated(error: unknown, key?: string): unknown {
  if (key !== undefined && isAbsent(error)) return new ObjectNotFoundError(key, { cause: error });
  const isUnavailable = UNAVAILABLE.has(codeOf(error)) || codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR';
  return isUnavailable ? new AppError('store.unavailable', {}, { cause: error }) : error;
}

/** A folder has no content either. */
function isAbsent(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR', 'EISDIR'].includes(codeOf(error));
}

function codeOf(error: unknown): string {
  const { code, syscall } = (error ?? {}) as NodeJS.ErrnoException;
  return syscall === undefined ? '' : String(code);
}
