import { appendFile, mkdtemp, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLog, tailOf } from './server-log.ts';

describe('a server log', () => {
  let dir: string;
  let path: string;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'log-'));
    path = join(dir, 'x.log');
  });
  afterEach(() => rm(dir, { recursive: true }));

  it('returns the last twenty lines of this run only', async () => {
    await appendFile(path, 'earlier\n');
    const { file, startsAt } = await openLog(path);
    await file.close();
    expect(await tailOf(path, startsAt)).toEqual([]);
    await appendFile(path, Array.from({ length: 30 }, (_, at) => `line ${at}\n`).join(''));
    const tail = await tailOf(path, startsAt);
    expect(tail).toHaveLength(20);
    expect(tail.at(-1)).toBe('line 29');
    expect(tail).not.toContain('earlier');
  });

  it('returns lines since the truncation when it was rotated during this run', async () => {
    await appendFile(path, 'earlier, and long\n');
    const { file, startsAt } = await openLog(path);
    await file.close();
    await truncate(path, 0);
    await appendFile(path, 'now\n');
    expect(await tailOf(path, startsAt)).toEqual(['now']);
  });

  it('is rotated when it exceeds the limit', async () => {
    await appendFile(path, 'x');
    await (await openLog(path)).file.close();
    expect((await stat(path)).size).toBe(1);
    await truncate(path, 11 * 1024 * 1024);
    await (await openLog(path)).file.close();
    expect((await stat(path)).size).toBe(0);
    expect((await stat(`${path}.1`)).size).toBe(11 * 1024 * 1024);
  });
});
