import { CreateMultipartUploadCommand, DeleteBucketCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import type { MultipartUpload } from '@aws-sdk/client-s3';
import { eventually, testServers } from '@xerotier/testing';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { inspect } from 'node:util';
import type { ByteRange } from './object-store.ts';
import { s3ClientOf } from './s3-client.ts';
import { S3Store } from './s3-store.ts';
import type { S3StoreOptions } from './s3-store.ts';
import { hasPartSince, unfinishedUploads } from './s3-unfinished.ts';
import { describeObjectStore } from './testing.ts';

const LARGE_BYTES = 40 * 1_024 * 1_024;
const UNAVAILABLE = { code: 'store.unavailable' };

const servers = testServers('s3');
let store: S3Store;

function optionsOf(more: Partial<S3StoreOptions> = {}): S3StoreOptions {
  const { url: endpoint, region, accessKeyId, secretAccessKey } = servers.s3;
  const account = { endpoint, region, accessKeyId, secretAccessKey, forcePathStyle: true };
  return { ...account, bucket: 'objects', keyPrefix: 'files/', attemptsMax: 2, ...more };
}

beforeAll(async () => {
  store = await S3Store.open(optionsOf({ createBucket: true }));
});

describeObjectStore('a bucket', () => store);

async function* content(text: string | Uint8Array): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
}

async function textOf(from: S3Store, key: string, range?: ByteRange): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of from.read(key, range)) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

async function keysOf(from: S3Store, prefix?: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of from.list(prefix)) found.push(key);
  return found;
}

async function failureOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe('a bucket', () => {
  it('that is missing is unavailable, unless an option says that it is created', async () => {
    const options = optionsOf({ bucket: 'another' });
    await expect(S3Store.open(options)).rejects.toMatchObject(UNAVAILABLE);
    const create = { ...options, createBucket: true };
    const [one, two] = await Promise.all([S3Store.open(create), S3Store.open(create)]);
    await one.write('a', content('x'));
    expect(await two.size('a')).toBe(1);
    expect(await (await S3Store.open(options)).size('a')).toBe(1);
  });

  it('that was removed is unavailable, and not a store without objects', async () => {
    const removed = await S3Store.open(optionsOf({ bucket: 'removed', createBucket: true }));
    await removeBucket('removed');
    for (const work of [
      () => removed.size('a'),
      () => textOf(removed, 'a'),
      () => textOf(removed, 'a', { start: 0, end: 0 }),
      () => removed.write('a', content('x')),
      () => removed.write('a', content(Buffer.alloc(LARGE_BYTES))),
      () => keysOf(removed),
    ])
      await expect(work()).rejects.toMatchObject(UNAVAILABLE);
  });

  it('is shared by stores with different prefixes, which do not see each other', async () => {
    const [one, two] = await Promise.all(
      ['one/', 'two/'].map((keyPrefix) => S3Store.open(optionsOf({ bucket: 'shared', keyPrefix, createBucket: true }))),
    );
    await one!.write('a/b', content('x'));
    expect([await two!.size('a/b'), await keysOf(two!)]).toEqual([undefined, []]);
    const all = await S3Store.open(optionsOf({ bucket: 'shared', keyPrefix: '' }));
    expect(await keysOf(all)).toEqual(['one/a/b']);
  });

  it.each(['files', '../', `${'a'.repeat(256)}/`])('has no prefix %j', async (keyPrefix) => {
    await expect(S3Store.open(optionsOf({ keyPrefix }))).rejects.toThrow(RangeError);
  });

  it('lists no objects whose name is not a key', async () => {
    const client = s3ClientOf(optionsOf());
    for (const name of ['foreign/a.b', 'foreign/c'])
      await client.send(new PutObjectCommand({ Bucket: 'objects', Key: `files/${name}`, Body: 'x' }));
    expect(await keysOf(store, 'foreign/')).toEqual(['foreign/c']);
  });

  it('lists more objects than a page has', async () => {
    const names = Array.from({ length: 1_003 }, (_, index) => `many/${index}`);
    await writeAll(names);
    expect((await keysOf(store, 'many/')).toSorted()).toEqual(names.toSorted());
  });

  it('is listed while objects are removed', async () => {
    const names = Array.from({ length: 1_010 }, (_, index) => `vanishing/${index}`);
    await writeAll(names);
    const found: string[] = [];
    for await (const { key } of store.list('vanishing/')) {
      found.push(key);
      if (found.length === 1) await inGroups(names, (name) => store.remove(name));
    }
    expect(new Set(found).size).toBe(found.length);
    expect(await keysOf(store, 'vanishing/')).toEqual([]);
  });

  it('reads an object whole or fails, when it is removed meanwhile', async () => {
    const bytes = randomBytes(LARGE_BYTES);
    await store.write('removed-while-read', content(bytes));
    const read: Uint8Array[] = [];
    const failure = await failureOf(
      (async () => {
        for await (const chunk of store.read('removed-while-read')) {
          if (read.push(chunk) === 1) await store.remove('removed-while-read');
        }
      })(),
    );
    const isWhole = Buffer.concat(read).equals(bytes);
    expect(isWhole ? failure : (failure as { code: string }).code).toBe(isWhole ? undefined : 'store.unavailable');
  });
});

describe('content in parts', () => {
  it('that fails leaves the previous object, and no parts', async () => {
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield* content(Buffer.alloc(LARGE_BYTES));
      throw new Error('gone');
    }
    await store.write('replaced', content('previous'));
    await expect(store.write('replaced', failing())).rejects.toThrow('gone');
    expect(await textOf(store, 'replaced')).toBe('previous');
    expect(await uploads()).toEqual([]);
  });

  it('is read in ranges across its parts', async () => {
    const bytes = randomBytes(LARGE_BYTES);
    expect(await store.write('parts', content(bytes))).toBe(LARGE_BYTES);
    const start = 8 * 1_024 * 1_024 - 10;
    const chunks: Uint8Array[] = [];
    for await (const chunk of store.read('parts', { start, end: start + 20 })) chunks.push(chunk);
    expect(Buffer.concat(chunks).equals(bytes.subarray(start, start + 20))).toBe(true);
  });

  it('that has not begun yet is not removed', async () => {
    const target = { Bucket: 'objects', Key: 'files/begun' };
    await s3ClientOf(optionsOf()).send(new CreateMultipartUploadCommand(target));
    expect(await store.removeUnfinished(new Date(Date.now() - 60_000))).toBe(0);
    expect(await store.removeUnfinished(new Date(Date.now() + 60_000))).toBe(1);
  });

  it('of a process that was killed leaves no object, and no parts once they are removed', async () => {
    const child = spawn(process.execPath, [join(import.meta.dirname, '../test/write-endlessly-to-s3.ts')], {
      stdio: ['pipe', 'inherit', 'inherit'],
    });
    child.stdin.end(JSON.stringify({ key: 'endless', options: optionsOf() }));
    // It begins, and then writes parts after that time.
    const [begun] = await eventually('it is writing', async () => {
      const found = await uploads();
      return found.length > 0 ? found : undefined;
    });
    const after = new Date(begun!.Initiated!.getTime() + 1_001);
    const target = { Bucket: 'objects', Key: begun!.Key, UploadId: begun!.UploadId };
    await eventually('there is a later part', () => hasPartSince(s3ClientOf(optionsOf()), target, after));
    expect(await store.removeUnfinished(after)).toBe(0);

    child.kill('SIGKILL');
    await once(child, 'exit');
    expect([await keysOf(store, 'endless/'), await store.size('endless')]).toEqual([[], undefined]);
    expect(await store.removeUnfinished(new Date(Date.now() - 60_000))).toBe(0);
    expect(await uploads()).toHaveLength(1);
    const other = await S3Store.open(optionsOf({ keyPrefix: 'other/' }));
    expect(await other.removeUnfinished(new Date(Date.now() + 60_000))).toBe(0);
    expect(await store.removeUnfinished(new Date(Date.now() + 60_000))).toBe(1);
    expect(await uploads()).toEqual([]);
  });
});

describe('credentials', () => {
  it.each(['secretAccessKey', 'accessKeyId'] as const)(
    'with a wrong %s are unavailable, and not in the error',
    async (name) => {
      const options = optionsOf({ [name]: 'a-wrong-value-indeed' });
      const failure = await failureOf(S3Store.open(options));
      expect(failure).toMatchObject({ ...UNAVAILABLE, cause: { status: 403 } });
      const text = inspect(failure, { depth: Infinity, showHidden: true });
      for (const secret of [options.secretAccessKey, options.accessKeyId]) expect(text).not.toContain(secret);
    },
  );

  it('are not in a store that is inspected', () => {
    const text = inspect(store, { depth: Infinity, showHidden: true });
    for (const secret of [servers.s3.secretAccessKey, servers.s3.accessKeyId]) expect(text).not.toContain(secret);
  });
});

describe('a server that ends', () => {
  afterEach(() => servers.s3.restart());

  it('is unavailable to whoever reads or writes, and usable again later', async () => {
    await store.write('kept', content(Buffer.alloc(LARGE_BYTES)));
    const reading = store.read('kept');
    await reading.next();
    let isKilled = false;
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (let at = 0; ; at += 65_536) {
        if (at > LARGE_BYTES && !isKilled) {
          await servers.s3.kill('SIGKILL');
          isKilled = true;
        }
        yield Buffer.alloc(65_536);
      }
    }
    await expect(store.write('endless', endless())).rejects.toMatchObject(UNAVAILABLE);
    await expect(drain(reading)).rejects.toMatchObject(UNAVAILABLE);
    for (const work of [
      () => store.size('kept'),
      () => textOf(store, 'kept'),
      () => store.write('a', content('x')),
      () => store.remove('kept'),
      () => keysOf(store),
      () => store.removeUnfinished(new Date()),
      () => S3Store.open(optionsOf()),
    ])
      await expect(work()).rejects.toMatchObject({ ...UNAVAILABLE, cause: { code: 'ECONNREFUSED' } });

    await servers.s3.restart();
    expect(await store.size('kept')).toBe(LARGE_BYTES);
    expect(await store.size('endless')).toBeUndefined();
    expect(await store.removeUnfinished(new Date(Date.now() + 60_000))).toBe(1);
  });
});

async function drain(chunks: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const chunk of chunks) expect(chunk.length).toBeGreaterThan(0);
}

async function uploads(): Promise<MultipartUpload[]> {
  const found: MultipartUpload[] = [];
  for await (const upload of unfinishedUploads(s3ClientOf(optionsOf()), 'objects', 'files/')) found.push(upload);
  return found;
}

async function removeBucket(bucket: string): Promise<void> {
  await s3ClientOf(optionsOf()).send(new DeleteBucketCommand({ Bucket: bucket }));
}

async function writeAll(keys: readonly string[]): Promise<void> {
  await inGroups(keys, (key) => store.write(key, content(key)));
}

async function inGroups(keys: readonly string[], work: (key: string) => Promise<unknown>): Promise<void> {
  for (let at = 0; at < keys.length; at += 32) await Promise.all(keys.slice(at, at + 32).map(work));
}
