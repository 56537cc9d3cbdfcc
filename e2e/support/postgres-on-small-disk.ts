/**
 * A stopped PostgreSQL, started again with its tables and its log on a small file system. Processes of the user that it runs as mount
 * that in namespaces of their own (small-disk.ts), so that no rights of the machine are needed. Its changes are gone in the end.
 */
import { resolveBinaries } from '@xerotier/local-servers';
import type { LocalServer, ServerBinary } from '@xerotier/local-servers';
import { eventually, serverCacheDir } from '@xerotier/testing';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, realpath, stat, chown } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fillDisk, inNamespacesOf } from './small-disk.ts';
import type { DiskOwner } from './small-disk.ts';

/** Besides what it has at first. */
const ROOM_MB = 48;
const RESTART_WAIT_MS = 500;
/** The namespaces of a process. PostgreSQL does not start as root, which its user is there: so it gets another name. */
const entering = (pid: number): string[] => [
  ...inNamespacesOf(pid),
  ...['unshare', '--user', '--map-user=1000', '--map-group=1000'],
];

const MOUNT = `
  set -e
  cd "$1"
  used=$(du -sm base pg_wal | awk '{ sum += $1 } END { print sum }')
  mount -t tmpfs -o size=$((used + $2))m,mode=700 tmpfs "$0"
  for name in base pg_wal; do cp -a $name "$0/"; mount --bind "$0/$name" $name; done
  echo mounted
  exec sleep infinity`;

export class PostgresOnSmallDisk {
  readonly #folder: string;
  readonly #owner: DiskOwner;
  readonly #holder: ChildProcess;
  readonly #start: () => ChildProcess;
  #child: ChildProcess | undefined;
  #isStopping = false;
  /** How often it was restarted after it had exited: it does so when there is no room for its log. */
  restarts = 0;

  private constructor(folder: string, owner: DiskOwner, holder: ChildProcess, start: () => ChildProcess) {
    this.#folder = folder;
    this.#owner = owner;
    this.#holder = holder;
    this.#start = start;
  }

  /** @param server that runs; it is stopped first. */
  static async start(server: LocalServer): Promise<PostgresOnSmallDisk> {
    await server.stop();
    const { postgres } = await resolveBinaries({ cacheDir: serverCacheDir(), want: ['postgres'] });
    const cluster = await realpath(join(server.dataDir, 'cluster'));
    const { uid, gid } = await stat(cluster);
    const folder = await mkdtemp(join(tmpdir(), 'xerotier-postgres-disk-'));
    await chown(folder, uid, gid);
    const holder = spawn(
      'unshare',
      ['--map-root-user', '--mount', 'sh', '-c', MOUNT, folder, cluster, String(ROOM_MB)],
      { uid, gid, stdio: ['ignore', 'pipe', 'inherit'] },
    );
    await new Promise<void>((resolve, reject) => {
      holder.stdout.once('data', () => resolve());
      holder.once('exit', (code) => reject(new Error(`the small disk was not mounted: exit code ${code}`)));
    });
    const launch = (): ChildProcess => startIn(holder.pid ?? 0, postgres, cluster, { uid, gid }, server.logPath);
    const started = new PostgresOnSmallDisk(folder, { uid, gid }, holder, launch);
    started.#supervise();
    await eventually('PostgreSQL accepts connections', () => isListening(server.port), 60_000);
    return started;
  }

  /** Fills its disk. Returns what frees it again. */
  fill(): () => void {
    return fillDisk(this.#holder.pid ?? 0, this.#folder, this.#owner);
  }

  stop(): void {
    this.#isStopping = true;
    this.#child?.kill('SIGQUIT');
    this.#holder.kill('SIGKILL');
  }

  #supervise(): void {
    const child = this.#start();
    this.#child = child;
    child.once('exit', () => {
      if (this.#isStopping) return;
      this.restarts += 1;
      setTimeout(() => this.#isStopping || this.#supervise(), RESTART_WAIT_MS);
    });
  }
}

function startIn(
  holder: number,
  { command, env }: ServerBinary,
  cluster: string,
  owner: DiskOwner,
  logPath: string,
): ChildProcess {
  const [program = '', ...args] = [...entering(holder), command, '-D', cluster];
  const log = openSync(logPath, 'a');
  const child = spawn(program, args, {
    ...owner,
    cwd: '/',
    env: { PATH: process.env['PATH'], LC_ALL: 'C', ...env },
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  return child;
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
