import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MissingServersError, resolveBinaries } from '../src/index.ts';
import { CACHE_DIR } from './fixture.ts';

const describeWithApt = existsSync('/usr/bin/apt-get') ? describe : describe.skip;

describeWithApt('fetching servers from packages', () => {
  let dir: string;
  const env = { ...process.env, XEROTIER_IGNORE_SYSTEM_SERVERS: '1' };

  beforeEach(async () => {
    dir = await mkdtemp('/tmp/packages-');
  });
  afterEach(() => rm(dir, { recursive: true }));

  it('downloads once for concurrent callers, and leaves no temporary files', async () => {
    const messages: string[][] = [[], []];
    const both = await Promise.all(
      messages.map((lines) =>
        resolveBinaries({ cacheDir: dir, want: ['nats'], env, onProgress: (line) => lines.push(line) }),
      ),
    );
    expect(both[0]).toEqual(both[1]);
    expect(both[0]?.nats.source).toBe('packages');
    expect(both[0]?.nats.command.startsWith(dir)).toBe(true);
    expect(messages.flat().filter((line) => line.includes(': downloading'))).toHaveLength(1);
    expect((await readdir(dir)).filter((name) => name.startsWith('work-'))).toEqual([]);
  });

  it('explains what to do without network access, and leaves no incomplete result', async () => {
    const offline = { ...env, http_proxy: 'http://127.0.0.1:9', https_proxy: 'http://127.0.0.1:9' };
    const failure: unknown = await resolveBinaries({ cacheDir: dir, want: ['redis'], env: offline }).catch(
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(MissingServersError);
    expect(failure).toMatchObject({
      missing: ['redis'],
      message: expect.stringMatching(/Failed to fetch[^]*Check the network[^]*apt-get install redis-server/),
    });
    expect(await readdir(dir)).toEqual(['.fetch-lock']);
  });

  it('removes leftovers of a killed download, and ignores an incompletely unpacked server', async () => {
    const wholeDir = await machineDir(CACHE_DIR);
    await mkdir(join(dir, 'work-abc/debs'), { recursive: true });
    await mkdir(join(dir, wholeDir, 'nats/root/usr/sbin'), { recursive: true });
    await writeFile(join(dir, wholeDir, 'nats/root/usr/sbin/nats-server'), 'half', { mode: 0o755 });
    const { nats } = await resolveBinaries({ cacheDir: dir, want: ['nats'], env });
    expect(nats.version).toMatch(/^2\./);
    expect(await readdir(dir)).not.toContain('work-abc');
  });
});

async function machineDir(cacheDir: string): Promise<string> {
  await resolveBinaries({ cacheDir, want: ['nats'], env: { ...process.env, XEROTIER_IGNORE_SYSTEM_SERVERS: '1' } });
  return (await readdir(cacheDir)).find((name) => name.endsWith(process.arch)) ?? '';
}
