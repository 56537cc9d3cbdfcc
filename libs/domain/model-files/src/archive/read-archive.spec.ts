import { AppError } from '@xerotier/errors';
import fc from 'fast-check';
import { gzipSync } from 'node:zlib';
import { END, checksummed, pax, piecesOf, tarEntry, tarOf } from '../testing/tar-bytes.ts';
import type { TarEntry } from '../testing/tar-bytes.ts';
import { readModelArchive } from './read-archive.ts';
import type { ArchiveEntry, ArchiveLimits } from './read-archive.ts';

const LIMITS: ArchiveLimits = { bytesMax: 10_000_000 };
const CONFIG: TarEntry = { name: 'config.json', content: '{}' };
const WEIGHTS: TarEntry = { name: 'model.safetensors', content: 'x'.repeat(3_000) };

async function read(bytes: Uint8Array, limits = LIMITS, chunkBytes?: number): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  await readModelArchive(piecesOf(bytes, chunkBytes), limits, async ({ name, size, content }) => {
    const pieces: Uint8Array[] = [];
    for await (const piece of content) pieces.push(piece);
    files[name] = Buffer.concat(pieces).toString();
    expect(files[name]).toHaveLength(size);
  });
  return files;
}

const asIs = (entry: TarEntry): Buffer => tarOf(CONFIG, entry);
const withoutChecksum = (gzip: Buffer): Buffer => gzip.fill(0, gzip.length - 8, gzip.length - 4);

describe('readModelArchive', () => {
  it.each([1, 511, 512, 513, 100_000])('reads files of archives in chunks of %d bytes', async (chunkBytes) => {
    const files = { 'config.json': '{}', 'model.safetensors': 'x'.repeat(3_000) };
    expect(await read(tarOf(CONFIG, WEIGHTS), LIMITS, chunkBytes)).toEqual(files);
    expect(await read(gzipSync(tarOf(CONFIG, WEIGHTS)), LIMITS, chunkBytes)).toEqual(files);
  });

  it('reads archives of ".", with long names, global comments, and records that are filled up', async () => {
    const long = `${'m'.repeat(150)}.gguf`;
    const archive = tarOf(
      pax({ comment: 'of a commit' }, 'g'),
      { name: './', type: '5' },
      { ...CONFIG, name: './config.json' },
      pax({ path: long, mtime: '1.5' }),
      { name: 'shortened', content: 'one' },
      { name: 'long', type: 'L', content: `${long.replace('m', 'n')}\0` },
      { name: 'shortened', content: 'two' },
      { name: 'empty.gguf' },
    );
    expect(await read(Buffer.concat([archive, Buffer.alloc(9_000)]))).toEqual({
      'config.json': '{}',
      [long]: 'one',
      [long.replace('m', 'n')]: 'two',
      'empty.gguf': '',
    });
  });

  it('skips what a consumer leaves, and offers nothing after its end', async () => {
    const contents: ArchiveEntry['content'][] = [];
    const names: string[] = [];
    await readModelArchive(piecesOf(tarOf(WEIGHTS, { ...WEIGHTS, name: 'b.gguf' }, CONFIG)), LIMITS, async (entry) => {
      names.push(entry.name);
      contents.push(entry.content);
      for await (const _ of entry.content) if (entry.name === 'b.gguf') break;
    });
    expect(names).toEqual(['model.safetensors', 'b.gguf', 'config.json']);
    for (const content of contents) for await (const _ of content) throw new Error('something is left');
  });

  it.each<[string, Buffer, string]>([
    ['a symbolic link', asIs({ name: 'vocab.json', type: '2', linkName: '/etc/passwd' }), 'is a link'],
    ['a hard link', asIs({ name: 'vocab.json', type: '1', linkName: 'config.json' }), 'is a link'],
    ['a long link', asIs({ name: 'long', type: 'K', content: 'x' }), 'is a link'],
    ['a character device', asIs({ name: 'vocab.json', type: '3' }), 'neither a file nor a folder'],
    ['a block device', asIs({ name: 'vocab.json', type: '4' }), 'neither a file nor a folder'],
    ['a fifo', asIs({ name: 'vocab.json', type: '6' }), 'neither a file nor a folder'],
    ['a sparse file', asIs({ name: 'vocab.json', type: 'S' }), 'neither a file nor a folder'],
    ['a sparse file of pax', tarOf(pax({ 'GNU.sparse.major': '1' }), CONFIG), 'sparse'],
    ['an unknown type', asIs({ name: 'vocab.json', type: 'Z' }), 'neither a file nor a folder'],
    ['an absolute path', asIs({ name: '/vocab.json' }), 'is an absolute path'],
    ['an absolute path of pax', tarOf(pax({ path: '/etc/vocab.json' }), CONFIG), 'is an absolute path'],
    ['a path upwards', asIs({ name: '../vocab.json' }), 'contains ".."'],
    ['a path upwards within', asIs({ name: 'a/../../vocab.json' }), 'contains ".."'],
    ['a path upwards in the prefix', asIs({ name: 'vocab.json', prefix: '..' }), 'contains ".."'],
    ['a path upwards of GNU', tarOf({ name: 'l', type: 'L', content: '../vocab.json\0' }, CONFIG), 'contains ".."'],
    ['a backslash', asIs({ name: '..\\vocab.json' }), 'contains a backslash'],
    ['a NUL character', asIs({ name: 'vocab.json\0.py' }), 'NUL'],
    ['a NUL character of pax', tarOf(pax({ path: 'vocab.json\0.py' }), CONFIG), 'NUL'],
    ['a NUL character of GNU', tarOf({ name: 'l', type: 'L', content: 'vocab.json\0x' }, CONFIG), 'NUL'],
    ['a folder', asIs({ name: 'weights/', type: '5' }), 'has a folder'],
    ['a folder with the name of a file', asIs({ name: 'a.gguf', type: '5' }), 'has a folder'],
    ['a file that is a folder', asIs({ name: 'weights/' }), 'has a folder'],
    ['a file in a folder', asIs({ name: 'weights/vocab.json' }), 'has a folder'],
    ['a name twice', asIs(CONFIG), 'occurs twice'],
    ['a name in two cases', tarOf({ name: 'a.gguf' }, { name: 'A.gguf' }), 'occurs twice'],
    ['a negative size', asIs({ name: 'vocab.json', size: '-0000000001\0' }), 'size of'],
    ['no size', asIs({ name: 'vocab.json', size: 'zzzzzzzzzzz\0' }), 'size of'],
    ['a size of pax that is a fraction', tarOf(pax({ size: '1.5' }), CONFIG), 'size of'],
    ['a size beyond the limit', asIs({ name: 'a.gguf', size: 10_000_000 }), 'more than 10000000 bytes'],
    ['a size beyond the end', tarOf({ ...CONFIG, size: 5_000 }), 'ends too early'],
    ['a size that is too small', tarOf({ ...WEIGHTS, size: 600 }), 'checksum'],
    ['a global header with a name', tarOf(pax({ path: 'vocab.json' }, 'g'), CONFIG), 'global header'],
    ['a global header with a size', tarOf(pax({ size: '1' }, 'g'), CONFIG), 'global header'],
    ['a long header', tarOf(pax({ comment: 'x'.repeat(70_000) }), CONFIG), 'header has more than'],
    ['a wrong checksum', Buffer.concat([tarEntry(CONFIG).fill('x', 0, 1), END]), 'checksum'],
    ['no end', tarEntry(CONFIG), 'ends too early'],
    ['an end within padding', tarEntry(CONFIG).subarray(0, 1_000), 'ends too early'],
    ['an end within a header', tarEntry(CONFIG).subarray(0, 100), 'ends too early'],
    ['nothing', Buffer.alloc(0), 'ends too early'],
    ['no files', END, 'contains no files'],
    ['a second archive', Buffer.concat([tarOf(CONFIG), tarOf({ name: 'vocab.json' })]), 'follows its end'],
    ['endless zeros', Buffer.concat([tarOf(CONFIG), Buffer.alloc(2_000_000)]), 'follows its end'],
    ['text', Buffer.from('no archive '.repeat(100)), 'not a tar file'],
    ['bzip2', Buffer.from('BZh91AY&SY'), 'bzip2 is not supported'],
    ['xz', Buffer.from('fd377a585a0000', 'hex'), 'xz is not supported'],
    ['zstd', Buffer.from('28b52ffd0000', 'hex'), 'zstd is not supported'],
    ['zip', Buffer.from('PK\x03\x04zip'), 'zip is not supported'],
    ['gzip within gzip', gzipSync(gzipSync(tarOf(CONFIG))), 'ends too early'],
    ['gzip that ends early', gzipSync(tarOf(CONFIG, WEIGHTS)).subarray(0, -9), 'damaged or incomplete'],
    ['gzip with a wrong checksum', withoutChecksum(gzipSync(tarOf(CONFIG))), 'damaged or incomplete'],
  ])('rejects %s', async (_, bytes, reason) => {
    const error: unknown = await read(bytes).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'model.invalid_archive', status: 400 });
    expect((error as AppError).message).toContain(reason);
  });

  it.each([
    'model.bin',
    'model.pt',
    'x.pkl',
    'modeling.py',
    'LICENSE.py',
    '.gguf',
    '-x.gguf',
    '._config.json',
    'CONFIG.JSON',
  ])('rejects %s before it reads its content, and says what is accepted', async (name) => {
    const read: string[] = [];
    const reading = readModelArchive(
      piecesOf(tarOf(CONFIG, { name })),
      LIMITS,
      async (entry) => void read.push(entry.name),
    );
    await expect(reading).rejects.toMatchObject({ code: 'model.invalid_file' });
    await expect(reading).rejects.toThrow(/a model consists of \*\.gguf files, or/);
    expect(read).toEqual(['config.json']);
  });

  it('rejects a file that is larger than those of its kind, by its header', async () => {
    const big = tarEntry({ name: 'config.json', size: 2_000_000 });
    await expect(read(big)).rejects.toMatchObject({ code: 'model.invalid_file' });
  });

  it('accepts as many entries as its limit, and rejects one more', async () => {
    const entries = Array.from({ length: 1_001 }, (_, at) => ({ name: `${at}.gguf` }));
    expect(Object.keys(await read(tarOf(...entries.slice(1))))).toHaveLength(1_000);
    await expect(read(tarOf(...entries))).rejects.toThrow('more than 1000 entries');
    await expect(read(tarOf(...entries.slice(0, 3)), { ...LIMITS, entriesMax: 2 })).rejects.toThrow(
      'more than 2 entries',
    );
    const headers = Array.from({ length: 3 }, () => pax({ comment: 'x' }));
    await expect(read(tarOf(...headers, CONFIG), { ...LIMITS, entriesMax: 3 })).rejects.toThrow('more than 3 entries');
  });

  it('stops a decompression bomb early', async () => {
    const bytes = 100_000_000;
    const bomb = gzipSync(Buffer.concat([tarEntry({ name: 'a.gguf', size: bytes }), Buffer.alloc(bytes)]));
    let taken = 0;
    let unpacked = 0;
    async function* upload(): AsyncGenerator<Uint8Array> {
      for await (const piece of piecesOf(bomb, 1_000)) {
        taken += piece.length;
        yield piece;
      }
    }
    const reading = readModelArchive(upload(), { bytesMax: 1e12 }, async ({ content }) => {
      for await (const piece of content) unpacked += piece.length;
    });
    await expect(reading).rejects.toThrow('more than 100 times as large');
    expect(unpacked).toBeLessThan(20_000_000);
    expect(taken).toBeLessThan(bomb.length);
  });

  it('ends the upload when a consumer fails, with the error of the consumer', async () => {
    let isEnded = false;
    async function* upload(): AsyncGenerator<Uint8Array> {
      try {
        yield* piecesOf(gzipSync(tarOf(WEIGHTS)));
      } finally {
        isEnded = true;
      }
    }
    const failure = new Error('the store is full');
    await expect(readModelArchive(upload(), LIMITS, () => Promise.reject(failure))).rejects.toBe(failure);
    expect(isEnded).toBe(true);
  });

  it.each([tarOf(CONFIG, WEIGHTS), gzipSync(tarOf(CONFIG, WEIGHTS))])(
    'fails with the error of an upload that fails',
    async (bytes) => {
      const failure = new Error('the client has gone');
      async function* upload(): AsyncGenerator<Uint8Array> {
        yield bytes.subarray(0, 20);
        throw failure;
      }
      await expect(readModelArchive(upload(), LIMITS, async () => undefined)).rejects.toBe(failure);
    },
  );

  it('reads any mutation of an archive as files with accepted names, or rejects it', async () => {
    const archive = tarOf(pax({ path: `${'m'.repeat(120)}.gguf` }), { name: 'x', content: 'y' }, CONFIG, WEIGHTS);
    const mutation = fc.record({
      at: fc.nat(3_000),
      bytes: fc.uint8Array({ minLength: 1, maxLength: 12 }),
      fix: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 4 }), async (mutations) => {
        const bytes = Buffer.from(archive);
        for (const { at, bytes: replacement, fix } of mutations) {
          bytes.set(replacement, at);
          const block = Math.floor(at / 512) * 512;
          // A right checksum brings more of them behind the first check.
          if (fix) checksummed(bytes.subarray(block, block + 512));
        }
        const result = await read(bytes).catch((error: unknown) => error);
        if (AppError.is(result)) expect(result.code).toMatch(/^model\.invalid_(archive|file)$/);
        else for (const name of Object.keys(result as object)) expect(name).toMatch(/^[A-Za-z0-9][\w.+-]+$/);
      }),
      { numRuns: 300 },
    );
  });
});
