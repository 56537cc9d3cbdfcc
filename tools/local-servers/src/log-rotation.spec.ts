import { closeSync, openSync, writeSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { logFiles, rotateLog } from './log-rotation.ts';

let dir: string;
let path: string;
/** The file handle of a writer, opened for appending. */
let writer: number;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'rotation-'));
  path = join(dir, 'x.log');
  writer = openSync(path, 'a', 0o600);
});
afterEach(async () => {
  closeSync(writer);
  await rm(dir, { recursive: true });
});

const bounds = { bytesMax: 10, kept: 2 };

describe('rotateLog', () => {
  it('rotates a long log while it is open; the writer continues in the truncated file', async () => {
    writeSync(writer, 'first line\n');
    rotateLog(path, bounds);
    writeSync(writer, 'second\n');
    expect(await readFile(`${path}.1`, 'utf8')).toBe('first line\n');
    expect(await readFile(path, 'utf8')).toBe('second\n');
    expect((await stat(`${path}.1`)).mode & 0o777).toBe(0o600);
  });

  it('does not rotate a short log', async () => {
    writeSync(writer, '123456789\n');
    rotateLog(path, bounds);
    expect(await readdir(dir)).toEqual(['x.log']);
    expect(await readFile(path, 'utf8')).toBe('123456789\n');
  });

  it('keeps the latest files up to the limit', async () => {
    for (let round = 1; round <= 5; round += 1) {
      writeSync(writer, `a long line ${round}\n`);
      rotateLog(path, bounds);
    }
    const texts = await Promise.all(logFiles(path, 2).map((file) => readFile(file, 'utf8')));
    expect(texts).toEqual(['a long line 4\n', 'a long line 5\n', '']);
    expect(await readdir(dir)).toHaveLength(3);
  });

  it('copies large files in chunks', async () => {
    const text = Array.from({ length: 400_000 }, (_, i) => `line ${i}\n`).join('');
    writeSync(writer, text);
    rotateLog(path, bounds);
    expect(await readFile(`${path}.1`, 'utf8')).toBe(text);
  });

  it('does nothing for a missing log', () => {
    expect(() => rotateLog(join(dir, 'missing.log'), bounds)).not.toThrow();
  });

  it('loses nothing when the rotation fails', async () => {
    writeSync(writer, 'a line that must stay\n');
    // A non-empty folder cannot be replaced by a file.
    await mkdir(join(`${path}.1`, 'full'), { recursive: true });
    await mkdir(join(`${path}.2`, 'full'), { recursive: true });
    expect(() => rotateLog(path, bounds)).toThrow();
    expect(await readFile(path, 'utf8')).toBe('a line that must stay\n');
  });
});
