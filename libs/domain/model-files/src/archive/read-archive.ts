/**
 * Reads an untrusted archive of a model as a stream. Nothing is written: each file goes to a callback under its checked name, which
 * has no folders, so there is nothing to traverse.
 */
import { AppError } from '@xerotier/errors';
import { assertAcceptedFile } from '../files/accept-file.ts';
import { shown } from '../files/rejection.ts';
import { ByteReader } from './byte-reader.ts';
import { invalidArchive } from './invalid-archive.ts';
import { BLOCK_BYTES, readExtension, readTarHeader } from './tar-header.ts';
import type { Extensions, TarHeader } from './tar-header.ts';
import { unpacked } from './unpack.ts';

export interface ArchiveLimits {
  /** Of all files together, unpacked. */
  readonly bytesMax: number;
  /** Files, folders and extended headers. Default: 1,000. */
  readonly entriesMax?: number;
}

export interface ArchiveEntry {
  /** One of the accepted names; unique in the archive, also without regard to case. */
  readonly name: string;
  /** In bytes: exactly what `content` yields. */
  readonly size: number;
  /** Can be read once, and until the callback resolves. What it leaves is skipped. */
  readonly content: AsyncIterable<Uint8Array>;
}

const ENTRIES_MAX = 1_000;
/** Zeros after the end of an archive: tar fills up its last record, of 10 KiB unless told otherwise. */
const PADDING_BYTES_MAX = 1_024 * 1_024;

/**
 * Calls `onEntry` for each file of a tar or tar.gz archive, one after the other. The names are checked before a file is read, its
 * content is not: see `checkModel`.
 * @throws {AppError} `model.invalid_archive` and `model.invalid_file`, possibly after some files were read; and what `content` and
 * `onEntry` throw.
 */
export async function readModelArchive(
  content: AsyncIterable<Uint8Array>,
  limits: ArchiveLimits,
  onEntry: (entry: ArchiveEntry) => Promise<void>,
): Promise<void> {
  const reader = new ByteReader(unpacked(content));
  try {
    await readEntries(reader, limits, onEntry);
  } finally {
    await reader.close();
  }
}

async function readEntries(
  reader: ByteReader,
  { bytesMax, entriesMax = ENTRIES_MAX }: ArchiveLimits,
  onEntry: (entry: ArchiveEntry) => Promise<void>,
): Promise<void> {
  const names = new Set<string>();
  let extensions: Extensions;
  let bytes = 0;
  for (let entries = 0; ; entries += 1) {
    const block = await reader.take(BLOCK_BYTES);
    if (block.length < BLOCK_BYTES) throw incomplete();
    if (isZero(block)) break;
    if (entries === entriesMax) throw invalidArchive(`it has more than ${entriesMax} entries`);

    const header = readTarHeader(block, extensions);
    if (header.type === 'extension') {
      const text = await reader.take(header.size);
      extensions = readExtension(header.extension, text, extensions);
    } else {
      extensions = undefined;
      const name = plainName(header);
      if (name !== undefined) {
        bytes += header.size;
        if (bytes > bytesMax) throw invalidArchive(`its files have more than ${bytesMax} bytes`);
        checkName(name, header.size, names);
        await readFile(reader, { name, size: header.size }, onEntry);
      }
    }
    const padding = -header.size & (BLOCK_BYTES - 1);
    if ((await reader.take(padding)).length < padding) throw incomplete();
  }
  if (names.size === 0) throw invalidArchive('it contains no files');
  await expectPadding(reader);
}

/** The name of a file at the root; undefined for the root itself, which archives of `.` contain. */
function plainName({ type, path }: TarHeader): string | undefined {
  const reject = (problem: string): AppError => invalidArchive(`the name ${shown(path)} ${problem}`);
  if (path.includes('\0')) throw reject('contains a NUL character');
  if (path.includes('\\')) throw reject('contains a backslash');
  if (path.startsWith('/')) throw reject('is an absolute path');
  const segments = path.split('/');
  if (segments.includes('..')) throw reject('contains ".."');
  const name = path.replace(/^(?:\.\/)+/, '');
  if (type === 'directory' && (name === '' || name === '.')) return undefined;
  if (type === 'directory' || name.includes('/'))
    throw reject('has a folder: files must be at the root of the archive');
  return name;
}

function checkName(name: string, size: number, names: Set<string>): void {
  assertAcceptedFile({ name, size });
  const folded = name.toLowerCase();
  if (names.has(folded)) throw invalidArchive(`the name ${shown(name)} occurs twice`);
  names.add(folded);
}

async function readFile(
  reader: ByteReader,
  { name, size }: Omit<ArchiveEntry, 'content'>,
  onEntry: (entry: ArchiveEntry) => Promise<void>,
): Promise<void> {
  let missing = size;
  let isOver = false;
  async function* pieces(): AsyncGenerator<Uint8Array> {
    if (isOver) return;
    for await (const piece of reader.stream(missing)) {
      missing -= piece.length;
      yield piece;
      if (isOver) return;
    }
    if (missing > 0) throw incomplete();
  }
  await onEntry({ name, size, content: pieces() });
  isOver = true;
  for await (const piece of reader.stream(missing)) missing -= piece.length;
}

/** Anything else than zeros would be a second archive, which other programs might read. Reading to the end checks gzip's checksum. */
async function expectPadding(reader: ByteReader): Promise<void> {
  let padding = 0;
  for await (const piece of reader.stream(Number.POSITIVE_INFINITY)) {
    padding += piece.length;
    if (padding > PADDING_BYTES_MAX || !isZero(piece)) throw invalidArchive('something follows its end');
  }
}

function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}

function incomplete(): AppError {
  return invalidArchive('it ends too early: the upload is incomplete, or the size of a file is wrong');
}
