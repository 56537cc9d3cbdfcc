/** What every object store promises, as tests: call it in a test file of each. */
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { ObjectNotFoundError } from './object-store.ts';
import type { ByteRange, ObjectStore, StoredObject } from './object-store.ts';

/** Larger than a part of a multipart upload (5 MiB). */
const LARGE_BYTES = 12 * 1_024 * 1_024 + 7;

/** @param current returns an empty store for each test, or one whose objects of earlier tests remain. */
export function describeObjectStore(name: string, current: () => ObjectStore): void {
  let next = 0;
  let store: ObjectStore;
  let folder: string;

  beforeEach(() => {
    store = current();
    folder = `conformance-${process.pid}/test_${(next += 1)}`;
  });

  const keyOf = (path: string): string => `${folder}/${path}`;
  const keysIn = async (prefix: string): Promise<string[]> =>
    (await listed(store, prefix)).map(({ key }) => key.slice(folder.length + 1)).toSorted();

  describe(`${name}: an object`, () => {
    it.each([0, 1, 65_536, LARGE_BYTES])('of %i bytes is read as it was written', async (bytes) => {
      const content = randomBytes(bytes);
      expect(await store.write(keyOf('a'), pieces(content))).toBe(bytes);
      expect(await store.size(keyOf('a'))).toBe(bytes);
      expect((await joined(store.read(keyOf('a')))).equals(content)).toBe(true);
    });

    it('is read in ranges, which end with it', async () => {
      const content = randomBytes(100_000);
      await store.write(keyOf('a'), pieces(content));
      const ranges = [
        [0, 1],
        [0, 100_000],
        [99_999, 100_000],
        [70_000, 80_000],
        [50, 50],
        [99_990, 200_000],
      ] as const;
      for (const [start, end] of ranges) {
        const range: ByteRange = { start, end };
        expect((await joined(store.read(keyOf('a'), range))).equals(content.subarray(start, end))).toBe(true);
      }
    });

    it('replaces one of the same key', async () => {
      await store.write(keyOf('a'), pieces(Buffer.from('a longer one')));
      await store.write(keyOf('a'), pieces(Buffer.from('short')));
      expect((await joined(store.read(keyOf('a')))).toString()).toBe('short');
      expect(await keysIn(`${folder}/`)).toEqual(['a']);
    });

    it('is gone when it was removed, also twice', async () => {
      await store.write(keyOf('a'), pieces(Buffer.from('x')));
      await store.remove(keyOf('a'));
      await store.remove(keyOf('a'));
      expect(await store.size(keyOf('a'))).toBeUndefined();
      expect(await keysIn(`${folder}/`)).toEqual([]);
    });

    it('that does not exist is not found', async () => {
      expect(await store.size(keyOf('missing'))).toBeUndefined();
      for (const range of [undefined, { start: 0, end: 5 }, { start: 0, end: 0 }])
        await expect(joined(store.read(keyOf('missing'), range))).rejects.toThrow(ObjectNotFoundError);
    });

    it('can be read by several at once, and given up in the middle', async () => {
      const content = randomBytes(LARGE_BYTES);
      await store.write(keyOf('a'), pieces(content));
      const reads = await Promise.all([1, 2, 3].map(() => joined(store.read(keyOf('a')))));
      expect(reads.every((read) => read.equals(content))).toBe(true);
      for await (const chunk of store.read(keyOf('a'))) {
        expect(chunk.length).toBeGreaterThan(0);
        break;
      }
    });
  });

  describe(`${name}: content that fails`, () => {
    async function* failing(bytes: number): AsyncGenerator<Uint8Array> {
      yield* pieces(randomBytes(bytes));
      await delay(1);
      throw new Error('the client is gone');
    }

    it.each([0, 10, LARGE_BYTES])('after %i bytes leaves no object', async (bytes) => {
      await expect(store.write(keyOf('a'), failing(bytes))).rejects.toThrow('the client is gone');
      expect(await store.size(keyOf('a'))).toBeUndefined();
      expect(await keysIn(`${folder}/`)).toEqual([]);
    });

    it('fails with its own error, whatever that looks like', async () => {
      const error = Object.assign(new Error('a disk elsewhere is full'), { code: 'ENOSPC', syscall: 'read' });
      async function* elsewhere(): AsyncGenerator<Uint8Array> {
        yield Buffer.from('x');
        throw error;
      }
      await expect(store.write(keyOf('a'), elsewhere())).rejects.toBe(error);
    });

    it('leaves the previous object', async () => {
      await store.write(keyOf('a'), pieces(Buffer.from('previous')));
      await expect(store.write(keyOf('a'), failing(10))).rejects.toThrow('the client is gone');
      expect((await joined(store.read(keyOf('a')))).toString()).toBe('previous');
    });
  });

  describe(`${name}: a list`, () => {
    it('has the objects below a prefix, with length and time', async () => {
      const before = Date.now();
      for (const path of ['a', 'b/1', 'b/2', 'b/c/3', 'bc']) await store.write(keyOf(path), pieces(Buffer.from(path)));
      expect(await keysIn(`${folder}/`)).toEqual(['a', 'b/1', 'b/2', 'b/c/3', 'bc']);
      expect(await keysIn(`${folder}/b/`)).toEqual(['b/1', 'b/2', 'b/c/3']);
      expect(await keysIn(`${folder}/none/`)).toEqual([]);
      const [first] = await listed(store, `${folder}/b/c/`);
      expect(first).toMatchObject({ key: keyOf('b/c/3'), bytes: 5 });
      // Stores have clocks of their own, of seconds.
      expect(Math.abs(first!.writtenAt.getTime() - before)).toBeLessThan(60_000);
    });
  });

  describe(`${name}: a key`, () => {
    it.each(['', '/', 'a/', '/a', 'a//b', '.', '..', 'a/../b', 'a.b', 'a b', 'a\0', 'é', 'a\\b'])(
      'is not %j',
      expectNoKey,
    );

    it('has at most 512 characters', async () => {
      await expectNoKey('a'.repeat(513));
      expect(await store.size('a'.repeat(200))).toBeUndefined();
    });

    async function expectNoKey(key: string): Promise<void> {
      await expect(store.write(key, pieces(Buffer.alloc(1)))).rejects.toThrow(RangeError);
      await expect(joined(store.read(key))).rejects.toThrow(RangeError);
      await expect(store.size(key)).rejects.toThrow(RangeError);
      await expect(store.remove(key)).rejects.toThrow(RangeError);
    }

    it.each(['a', '../', 'a//', '/'])('is not listed below %j', async (prefix) => {
      await expect(listed(store, prefix)).rejects.toThrow(RangeError);
    });
  });
}

async function listed(store: ObjectStore, prefix: string): Promise<StoredObject[]> {
  const objects: StoredObject[] = [];
  for await (const object of store.list(prefix)) objects.push(object);
  return objects;
}

async function* pieces(content: Uint8Array): AsyncGenerator<Uint8Array> {
  const size = 60_000;
  // Copies: they belong to the store.
  for (let at = 0; at < content.length; at += size) yield Buffer.copyBytesFrom(content, at, size);
}

async function joined(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}
