import { eventually } from '@xerotier/testing';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FolderStore } from './folder-store.ts';
import { describeObjectStore } from './testing.ts';

let folder: string;
let store: FolderStore;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'xerotier-objects-'));
  store = await FolderStore.open(folder);
});

afterEach(() => rm(folder, { recursive: true }));

describeObjectStore('a folder', () => store);

const incoming = (): Promise<string[]> => readdir(join(folder, 'incoming'));

async function keys(): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of store.list()) found.push(key);
  return found;
}

async function* content(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

describe('a folder', () => {
  it('is shared by several stores', async () => {
    const other = await FolderStore.open(folder);
    await store.write('a/b', content('x'));
    expect(await other.size('a/b')).toBe(1);
  });

  it('is not readable by other users', async () => {
    await store.write('a/b', content('x'));
    for (const path of ['objects', 'incoming', 'objects/a'])
      expect((await stat(join(folder, path))).mode & 0o77).toBe(0);
    expect((await stat(join(folder, 'objects/a/b'))).mode & 0o77).toBe(0);
  });

  it('does not find a folder of objects as an object', async () => {
    await store.write('a/b', content('x'));
    expect(await store.size('a')).toBeUndefined();
    await expect(store.read('a').next()).rejects.toThrow("There is no object 'a'");
  });

  it('that is not a folder is unavailable', async () => {
    await writeFile(join(folder, 'file'), '');
    await expect(FolderStore.open(join(folder, 'file'))).rejects.toMatchObject({ code: 'store.unavailable' });
  });

  it('that was removed is unavailable, and comes back with another open', async () => {
    await rm(folder, { recursive: true });
    await expect(store.write('a', content('x'))).rejects.toMatchObject({ code: 'store.unavailable' });
    store = await FolderStore.open(folder);
    expect(await store.write('a', content('x'))).toBe(1);
  });

  it('has nothing of a process that was killed while it wrote, once that is removed', async () => {
    const child = spawn(process.execPath, [join(import.meta.dirname, '../test/write-endlessly.ts'), folder, 'a/b'], {
      stdio: 'inherit',
    });
    const [name = ''] = await eventually('it is writing', async () => {
      const names = await incoming();
      return names.length > 0 ? names : undefined;
    });
    const path = join(folder, 'incoming', name);
    await eventually('there are bytes', async () => (await stat(path)).size > 0);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect([await keys(), await store.size('a/b')]).toEqual([[], undefined]);
    expect(await store.removeUnfinished(new Date(Date.now() - 60_000))).toBe(0);
    await utimes(path, new Date(0), new Date(Date.now() - 61_000));
    expect(await store.removeUnfinished(new Date(Date.now() - 60_000))).toBe(1);
    expect(await incoming()).toEqual([]);
  });

  it('keeps no file of content that failed', async () => {
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('x');
      throw new Error('gone');
    }
    await expect(store.write('a', failing())).rejects.toThrow('gone');
    expect(await incoming()).toEqual([]);
  });
});
