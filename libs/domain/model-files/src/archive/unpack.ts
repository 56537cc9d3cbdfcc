/** Recognises how an archive is compressed by its first bytes, and decompresses it as it comes. */
import { Readable, pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { ByteReader } from './byte-reader.ts';
import { invalidArchive } from './invalid-archive.ts';

const RATIO_MAX = 100;
/** Small archives may be compressed better: a tar file of short files is mostly zeros. */
const RATIO_FREE_BYTES = 1_024 * 1_024;
const SIGNATURE_LENGTH = 6;
const GZIP = '1f8b';
const UNSUPPORTED: readonly (readonly [string, string])[] = [
  ['425a68', 'bzip2'],
  ['fd377a585a00', 'xz'],
  ['28b52ffd', 'zstd'],
  ['504b0304', 'zip'],
];
const REMEDY = 'send a tar file, compressed with gzip or not at all';

/**
 * Yields the bytes of the tar file.
 * @throws {AppError} `model.invalid_archive` for other formats, damaged or incomplete data, and a ratio above 100 (decompression bombs).
 */
export async function* unpacked(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = new ByteReader(content);
  try {
    const signature = await reader.take(SIGNATURE_LENGTH);
    const hex = signature.toString('hex');
    const unsupported = UNSUPPORTED.find(([prefix]) => hex.startsWith(prefix));
    if (unsupported !== undefined) throw invalidArchive(`${unsupported[1]} is not supported, ${REMEDY}`);
    const bytes = prepended(signature, reader.stream(Number.POSITIVE_INFINITY));
    yield* hex.startsWith(GZIP) ? gunzipped(bytes) : bytes;
  } finally {
    await reader.close();
  }
}

async function* prepended(first: Uint8Array, rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield first;
  yield* rest;
}

async function* gunzipped(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const sizes = { packed: 0, unpacked: 0 };
  const gunzip = createGunzip();
  // An error of the source destroys `gunzip` with it, which the loop below throws.
  pipeline(Readable.from(counted(content, sizes), { objectMode: false }), gunzip, () => undefined);
  try {
    for await (const chunk of gunzip as AsyncIterable<Buffer>) {
      sizes.unpacked += chunk.length;
      if (sizes.unpacked > RATIO_FREE_BYTES && sizes.unpacked > sizes.packed * RATIO_MAX) {
        throw invalidArchive(`its content is more than ${RATIO_MAX} times as large as it is compressed`);
      }
      yield chunk;
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code?.startsWith('Z_') !== true) throw error;
    throw invalidArchive('it is damaged or incomplete, as gzip data', { cause: error });
  }
}

async function* counted(content: AsyncIterable<Uint8Array>, sizes: { packed: number }): AsyncGenerator<Uint8Array> {
  for await (const chunk of content) {
    sizes.packed += chunk.length;
    yield chunk;
  }
}
