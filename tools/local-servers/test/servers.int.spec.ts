import { readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import pg from 'pg';
import { freePort, isPortFree, postgresMajorOf, type ServerExit } from '../src/index.ts';
import { isAlive } from '../src/process-identity.ts';
import { Fixture, KINDS, eventually, type Kind } from './fixture.ts';
import { jetStream, natsRequest, redis } from './wire.ts';

async function sql(url: string, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

/** Writes something to a server that must be persisted, and reads it. */
const memory: Record<Kind, { put(url: string): Promise<void>; get(url: string): Promise<unknown> }> = {
  nats: {
    put: async (url) => {
      await jetStream(url, '$JS.API.STREAM.CREATE.KEPT', '{"name":"KEPT","subjects":["kept"]}');
      await jetStream(url, 'kept', 'hello');
    },
    get: async (url) => ((await jetStream(url, '$JS.API.STREAM.INFO.KEPT')).state as { messages: number }).messages,
  },
  redis: {
    put: async (url) => void (await redis(url, 'SET kept 1')),
    get: async (url) => Number(await redis(url, 'GET kept')),
  },
  postgres: {
    put: async (url) => void (await sql(url, 'CREATE TABLE kept AS SELECT 1 AS one')),
    get: async (url) => (await sql(url, 'SELECT count(*)::int AS rows FROM kept'))[0],
  },
};
const REMEMBERED: Record<Kind, unknown> = { nats: 1, redis: 1, postgres: { rows: 1 } };

describe('a local server', () => {
  let fixture: Fixture;

  beforeEach(async () => {
    fixture = await Fixture.open();
  });
  afterEach(() => fixture.close());

  it.each(KINDS)('%s keeps its data and its port through stop, start, restart and kill', async (kind) => {
    const first = await fixture.start(kind);
    await memory[kind].put(first.url);
    await first.stop();

    const second = await fixture.start(kind);
    expect(second.url).toBe(first.url);
    expect(await memory[kind].get(second.url)).toEqual(REMEMBERED[kind]);

    const pid = second.pid;
    await second.restart();
    expect(second.pid).not.toBe(pid);
    expect(second.port).toBe(first.port);
    await second.kill('SIGKILL');
    expect(second.pid).toBeNull();
    await second.restart();
    expect(await memory[kind].get(second.url)).toEqual(REMEMBERED[kind]);
  });

  it.each(KINDS)('%s leaves no process and no listener after a stop, which is idempotent', async (kind) => {
    const server = await fixture.start(kind);
    const pid = server.pid ?? 0;
    expect(await isAlive(pid)).toBe(true);
    expect(await isPortFree(server.port)).toBe(false);
    await server.stop();
    expect(await isAlive(pid)).toBe(false);
    expect(await isPortFree(server.port)).toBe(true);
    await server.stop();
  });

  it.each(KINDS)('%s uses another port when the preferred one is in use', async (kind) => {
    const stranger = createServer().listen(await freePort(), '127.0.0.1');
    await once(stranger, 'listening');
    const { port } = stranger.address() as { port: number };
    try {
      const server = await fixture.start(kind, { port });
      expect(server.port).not.toBe(port);
      expect(await isPortFree(server.port)).toBe(false);
    } finally {
      stranger.close();
    }
  });

  it.each(KINDS)('%s uses the preferred port when it is free', async (kind) => {
    const port = await freePort();
    expect((await fixture.start(kind, { port })).port).toBe(port);
  });

  it.each(KINDS)('%s runs twice concurrently, in separate folders with separate data', async (kind) => {
    const [one, two] = await Promise.all([
      fixture.start(kind, { dataDir: join(fixture.dir, 'one') }),
      fixture.start(kind, { dataDir: join(fixture.dir, 'two') }),
    ]);
    expect(one.port).not.toBe(two.port);
    await memory[kind].put(one.url);
    expect(await memory[kind].get(one.url)).toEqual(REMEMBERED[kind]);
    const foreign = await memory[kind].get(two.url).catch(() => 'nothing');
    expect(foreign).not.toEqual(REMEMBERED[kind]);
  });

  it.each([
    ['nats' as const, 'write_deadline: no_such_value'],
    ['redis' as const, 'maxmemory-policy no_such_value'],
    ['postgres' as const, 'wal_level = no_such_value'],
  ])('%s fails to start with its last lines and the path of its log', async (kind, extraConfig) => {
    const failure: unknown = await fixture.start(kind, { extraConfig }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Error);
    const { message } = failure as Error;
    expect(message).toContain(`${kind} did not start: it exited`);
    expect(message).toContain(join(fixture.dir, kind, `${kind}.log`));
    expect(message).toContain('no_such_value');
  });

  it('is stopped when it does not respond in time', async () => {
    const command = join(fixture.dir, 'silent.sh');
    await writeFile(command, '#!/bin/sh\nexec sleep 60\n', { mode: 0o755 });
    const late = fixture.start('nats', { binary: { ...fixture.binaries.nats, command }, startTimeoutMs: 200 });
    await expect(late).rejects.toThrow('it did not respond in time');
    const record = JSON.parse(await readFile(join(fixture.dir, 'nats/server.json'), 'utf8')) as { pid: number | null };
    expect(record.pid).toBeNull();
  });

  it.each(KINDS)('%s reports an unexpected exit', async (kind) => {
    const exits: ServerExit[] = [];
    const server = await fixture.start(kind, { onUnexpectedExit: (exit) => exits.push(exit) });
    process.kill(server.pid ?? 0, 'SIGKILL');
    await eventually(async () => exits.length > 0);
    expect(exits).toEqual([{ code: null, signal: 'SIGKILL', logTail: expect.any(Array) }]);
    await server.restart();
    expect(server.pid).not.toBeNull();
  });

  it.each(KINDS)('%s does not report a requested stop', async (kind) => {
    const exits: ServerExit[] = [];
    const server = await fixture.start(kind, { onUnexpectedExit: (exit) => exits.push(exit) });
    await server.restart();
    await server.kill('SIGKILL');
    await server.restart();
    await server.stop();
    expect(exits).toEqual([]);
  });

  it('rejects the folder of another kind of server', async () => {
    await (await fixture.start('nats')).stop();
    await expect(fixture.start('redis', { dataDir: join(fixture.dir, 'nats') })).rejects.toThrow(
      'is the folder of a nats server',
    );
  });
});

describe('the password of a server', () => {
  let fixture: Fixture;

  beforeEach(async () => {
    fixture = await Fixture.open();
  });
  afterEach(() => fixture.close());

  /** The response of the server to this URL: `pong` if it grants access. */
  const hello: Record<Kind, (url: string) => Promise<string>> = {
    nats: (url) => natsRequest(url, 'reply.inbox', 'pong').catch((error: Error) => error.message),
    redis: async (url) => (await redis(url, 'ECHO pong')).toLowerCase(),
    postgres: async (url) =>
      sql(url, `SELECT 'pong' AS text`).then(
        (rows) => (rows[0] as { text: string }).text,
        (error: Error) => error.message,
      ),
  };

  const REJECTED = /authorization violation|noauth|wrongpass|password/i;

  it.each(KINDS)('%s is required: access is denied without it, or with another one', async (kind) => {
    const { url } = await fixture.start(kind);
    const { username, password } = new URL(url);
    expect(password).not.toBe('');
    expect(await hello[kind](url)).toBe('pong');
    for (const credentials of [kind === 'postgres' ? `${username}@` : '', `${username}:wrong@`]) {
      expect(await hello[kind](url.replace(`${username}:${password}@`, credentials))).toMatch(REJECTED);
    }
  });

  it.each(KINDS)('%s is random and stored, or the given one, with any characters', async (kind) => {
    const first = await fixture.start(kind);
    const other = await fixture.start(kind, { dataDir: join(fixture.dir, 'other') });
    expect(new URL(other.url).password).not.toBe(new URL(first.url).password);
    await first.stop();
    const second = await fixture.start(kind);
    expect(second.url).toBe(first.url);
    await second.stop();
    const third = await fixture.start(kind, { password: 'p@ss "word" \\' });
    expect(decodeURIComponent(new URL(third.url).password)).toBe('p@ss "word" \\');
    expect(await hello[kind](third.url)).toBe('pong');
    expect(await hello[kind](first.url)).toMatch(REJECTED);
  });

  it.each(KINDS)('%s appears in no command line, log, or file that others can read', async (kind) => {
    const server = await fixture.start(kind, { password: 'very-secret-indeed' });
    expect(server.url).toContain('very-secret-indeed');
    const texts = [await readFile(server.logPath, 'utf8')];
    if (process.platform === 'linux') {
      for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
        texts.push(await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''));
      }
    }
    for (const name of await readdir(server.dataDir)) {
      const path = join(server.dataDir, name);
      const { mode } = await stat(path);
      if ((mode & 0o044) !== 0) texts.push(await readFile(path, 'latin1').catch(() => ''));
    }
    expect(texts.filter((text) => text.includes('very-secret-indeed'))).toEqual([]);
    expect((await readdir(server.dataDir)).filter((name) => name.startsWith('.password'))).toEqual([]);
  });

  it.each(['', 'two\nlines'])('cannot be %j', async (password) => {
    for (const kind of KINDS) {
      await expect(fixture.start(kind, { password })).rejects.toThrow('not empty');
    }
  });
});

describe('NATS', () => {
  let fixture: Fixture;

  beforeEach(async () => {
    fixture = await Fixture.open();
  });
  afterEach(() => fixture.close());

  it('accepts messages up to the given size', async () => {
    const { url } = await fixture.start('nats', { maxPayloadBytes: 2_000 } as object);
    const echo = (bytes: number): Promise<string> => natsRequest(url, 'reply.inbox', 'x'.repeat(bytes));
    expect(await echo(2_000)).toHaveLength(2_000);
    await expect(echo(2_001)).rejects.toThrow(/Maximum Payload/i);
  });
});

describe('Redis', () => {
  let fixture: Fixture;

  beforeEach(async () => {
    fixture = await Fixture.open();
  });
  afterEach(() => fixture.close());

  it('rejects writes when it is full instead of evicting', async () => {
    const { url } = await fixture.start('redis', { memoryBytesMax: 1 } as object);
    expect(await redis(url, 'SET kept 1')).toContain('OOM');
  });
});

describe('PostgreSQL', () => {
  let fixture: Fixture;

  beforeEach(async () => {
    fixture = await Fixture.open();
  });
  afterEach(() => fixture.close());

  it('applies a new password, role and database at the next start, and keeps the old data', async () => {
    const first = await fixture.start('postgres', { password: 'one' });
    await sql(first.url, 'CREATE TABLE kept ()');
    await first.stop();
    const second = await fixture.start('postgres', { password: `it's "two" \\` });
    expect(await sql(second.url, 'SELECT * FROM kept')).toEqual([]);
    await expect(sql(first.url, 'SELECT 1')).rejects.toThrow('password authentication failed');
    await second.stop();
    const third = await fixture.start('postgres', { user: 'other', database: 'odd "name"' });
    expect(await sql(third.url, 'SELECT current_user, current_database()')).toEqual([
      { current_user: 'other', current_database: 'odd "name"' },
    ]);
  });

  it('returns the major version of the data', async () => {
    expect(await postgresMajorOf(join(fixture.dir, 'postgres'))).toBeNull();
    const { dataDir } = await fixture.start('postgres');
    expect(await postgresMajorOf(dataDir)).toBe(Number.parseInt(fixture.binaries.postgres.version, 10));
  });

  it('rejects the data of another major version', async () => {
    await (await fixture.start('postgres')).stop();
    const binary = { ...fixture.binaries.postgres, version: '99.0.0' };
    await expect(fixture.start('postgres', { binary })).rejects.toThrow(
      /were written by PostgreSQL \d+, but .* is 99\. Install PostgreSQL/,
    );
  });
});
