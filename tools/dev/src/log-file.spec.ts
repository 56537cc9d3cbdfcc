import { rotateLog } from '@xerotier/local-servers';
import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LogFile } from './log-file.ts';

let dir: string;
let path: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'log-file-'));
  path = join(dir, 'gateway.log');
});
afterEach(() => rm(dir, { recursive: true }));

const texts = (lines: readonly { text: string }[]): string[] => lines.map(({ text }) => text);
const putAside = (): void => rotateLog(path, { bytesMax: 1 });

describe('LogFile', () => {
  it('reads rotated files first', async () => {
    for (const text of ['one\n', 'two\n', 'three\n']) {
      await appendFile(path, text);
      if (text !== 'three\n') putAside();
    }
    expect(texts(await new LogFile(path).readAll())).toEqual(['one', 'two', 'three']);
  });

  it('continues at its offset, with whole lines only', async () => {
    const file = new LogFile(path);
    await appendFile(path, 'one\ntw');
    expect(texts(await file.readAll())).toEqual(['one']);
    await appendFile(path, 'o\nthree\n');
    expect(texts(file.readNew())).toEqual(['two', 'three']);
    expect(file.readNew()).toEqual([]);
  });

  it('misses nothing of a log that was rotated since the last read', async () => {
    const file = new LogFile(path);
    await appendFile(path, 'a line that is long\n');
    await file.readAll();
    await appendFile(path, 'before\n');
    putAside();
    await appendFile(path, 'after\n');
    expect(texts(file.readNew())).toEqual(['before', 'after']);
  });

  it('is empty for a missing log, and after skipToEnd', async () => {
    const file = new LogFile(path);
    expect(await file.readAll()).toEqual([]);
    await appendFile(path, 'old\n');
    file.skipToEnd();
    await appendFile(path, 'new\n');
    expect(texts(file.readNew())).toEqual(['new']);
  });
});
