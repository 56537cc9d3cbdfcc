import { AppError } from '@xerotier/errors';
import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import type { Dirent } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { assertKey, assertPrefix, ObjectNotFoundError } from './object-store.ts';
import type { ByteRange, ObjectStore, StoredObject } from './object-store.ts';
import { WatchedContent } from './watched-content.ts';

const OBJECTS = 'objects';
const INCOMING = 'incoming';

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
      const file = createWriteStream(incoming, { flags: 'wx', mode: 0o600, flush: true });
      await pipeline(source, file);
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await rename(incoming, path);
      await this.#flush(dirname(path));
      return file.bytesWritten;
    } catch (error) {
      // What cannot be removed now is left for `removeUnfinished`.
      await rm(incoming, { force: true }).catch(() => undefined);
      throw source.failure === undefined ? translated(error) : source.failure.error;
    }
  }

  async *read(key: string, range?: ByteRange): AsyncGenerator<Uint8Array, void, undefined> {
    const path = this.#pathOf(key);
    // `end` of streams is included, so that they have no empty range.
    if (range !== undefined && range.start >= range.end) {
      if ((await this.size(key)) === undefined) throw new ObjectNotFoundError(key);
      return;
    }
    const stream = createReadStream(path, range && { start: range.start, end: range.end - 1 });
    try {
      for await (const chunk of stream) yield chunk as Uint8Array;
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
