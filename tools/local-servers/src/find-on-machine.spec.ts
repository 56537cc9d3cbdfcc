import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expandDir, findOnMachine } from './find-on-machine.ts';

describe('findOnMachine', () => {
  let dir: string;
  let messages: string[];
  const onProgress = (message: string): unknown => messages.push(message);

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'find-'));
    messages = [];
  });
  afterEach(() => rm(dir, { recursive: true }));

  async function program(folder: string, name: string, body: string, mode = 0o755): Promise<string> {
    await mkdir(join(dir, folder), { recursive: true });
    const path = join(dir, folder, name);
    await writeFile(path, `#!/bin/sh\n${body}\n`);
    await chmod(path, mode);
    return path;
  }

  const find = (...folders: string[]): ReturnType<typeof findOnMachine> =>
    findOnMachine('nats', { env: { PATH: folders.map((folder) => join(dir, folder)).join(':') }, onProgress });

  it('returns the first working program of PATH', async () => {
    const command = await program('a', 'nats-server', 'echo nats-server: v2.10.7');
    await program('b', 'nats-server', 'echo nats-server: v2.11.0');
    expect(await find('a', 'b')).toEqual({ command, commandDir: join(dir, 'a'), version: '2.10.7' });
    expect(messages).toEqual([]);
  });

  it('skips programs that are too old, do not run or are not executable, and reports why', async () => {
    await program('old', 'nats-server', 'echo nats-server: v2.1.0');
    await program('broken', 'nats-server', 'echo "error while loading shared libraries" >&2; exit 127');
    await program('text', 'nats-server', 'echo nats-server: v2.10.7', 0o644);
    await program('good', 'nats-server', 'echo nats-server: v2.10.8');
    expect((await find('old', 'broken', 'text', 'good'))?.version).toBe('2.10.8');
    expect(messages).toEqual([
      expect.stringContaining('version 2.1.0 is older than 2.9.0'),
      expect.stringContaining('error while loading shared libraries'),
    ]);
  });

  it('skips a program that the caller rejects', async () => {
    const rejected = await program('a', 'nats-server', 'echo nats-server: v2.10.7');
    await program('b', 'nats-server', 'echo nats-server: v2.10.8');
    const found = await findOnMachine('nats', {
      env: { PATH: `${join(dir, 'a')}:${join(dir, 'b')}` },
      reject: async (command) => (command === rejected ? 'not that one' : null),
      onProgress,
    });
    expect(found?.version).toBe('2.10.8');
    expect(messages).toEqual([`${rejected} is not used: not that one`]);
  });

  it('requires initdb next to postgres, also behind a link', async () => {
    await program('lone', 'postgres', 'echo "postgres (PostgreSQL) 17.2"');
    const real = await program('real', 'postgres', 'echo "postgres (PostgreSQL) 17.3"');
    await program('real', 'initdb', 'true');
    await mkdir(join(dir, 'links'));
    await symlink(real, join(dir, 'links/postgres'));
    const found = await findOnMachine('postgres', {
      env: { PATH: `${join(dir, 'lone')}:${join(dir, 'links')}` },
      onProgress,
    });
    expect(found).toEqual({ command: join(dir, 'links/postgres'), commandDir: join(dir, 'real'), version: '17.3.0' });
    expect(messages).toEqual([expect.stringContaining('initdb is not next to it')]);
  });

  it('prefers the major version of the data, and falls back to another', async () => {
    for (const major of [16, 17]) {
      await program(`pg${major}`, 'postgres', `echo "postgres (PostgreSQL) ${major}.1"`);
      await program(`pg${major}`, 'initdb', 'true');
    }
    const env = { PATH: `${join(dir, 'pg17')}:${join(dir, 'pg16')}` };
    expect((await findOnMachine('postgres', { env, onProgress, preferMajor: 16 }))?.version).toBe('16.1.0');
    expect((await findOnMachine('postgres', { env, onProgress, preferMajor: 3 }))?.version).toBe('17.1.0');
  });
});

describe('expandDir', () => {
  it('lists matching folders, newest version first', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'expand-'));
    for (const name of ['9.6', '17', '15']) await mkdir(join(dir, name, 'bin'), { recursive: true });
    expect(await expandDir(`${dir}/*/bin`)).toEqual(['17', '15', '9.6'].map((name) => `${dir}/${name}/bin`));
    expect(await expandDir(`${dir}/pg-*/bin`)).toEqual([]);
    expect(await expandDir(`${dir}/missing/*/bin`)).toEqual([]);
    expect(await expandDir('/plain/bin')).toEqual(['/plain/bin']);
    await rm(dir, { recursive: true });
  });
});
