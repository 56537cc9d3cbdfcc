/**
 * A server as a process group of its own, which ends with this process, however that ends. The server is a child that `sh` becomes;
 * a second, sleeping process of the group reads a pipe that nothing is ever written to. When this process exits or is killed, the
 * kernel closes the pipe, and that process ends the group.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServerLog } from './server-log.ts';

/** `$0` is the time in seconds between SIGTERM and SIGKILL when the parent is gone. */
const GUARDED = `(trap '' TERM INT HUP; read -r _ <&3; kill -TERM 0; sleep "$0"; kill -KILL 0) >/dev/null 2>&1 &
exec "$@" 3<&-`;
const ORPHAN_GRACE_SECONDS = 5;

export interface ServerExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The program could not be started. */
  readonly error?: Error;
}

export interface ServerStart {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export class ServerProcess {
  /** Resolves once the server has exited and its group is gone. */
  readonly exited: Promise<ServerExit>;
  readonly #child: ChildProcess;
  #hasExited = false;

  constructor({ program, args, env }: ServerStart, log: ServerLog) {
    this.#child = spawn('/bin/sh', ['-c', GUARDED, String(ORPHAN_GRACE_SECONDS), program, ...args], {
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr] as Readable[])
      stream.setEncoding('utf8').on('data', log.stream());
    // The pipe of the guard: an error only says that the group is gone.
    (this.#child.stdio[3] as Readable).on('error', () => undefined);
    this.exited = new Promise((resolve) => {
      const ended = (exit: ServerExit): void => {
        this.#hasExited = true;
        // The guard, and children that the server has left.
        this.#kill('SIGKILL');
        resolve(exit);
      };
      this.#child.once('exit', (code, signal) => ended({ code, signal }));
      this.#child.once('error', (error) => ended({ code: null, signal: null, error }));
    });
  }

  /** Undefined when it could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Sends SIGTERM to the server, and after the time SIGKILL to its whole group. Resolves when it has exited. */
  async stop(graceMs: number): Promise<void> {
    if (!this.#hasExited) this.#child.kill('SIGTERM');
    const timer = new AbortController();
    const late = sleep(graceMs, 'late', { signal: timer.signal }).catch(() => undefined);
    if ((await Promise.race([this.exited, late])) === 'late') this.#kill('SIGKILL');
    timer.abort();
    await this.exited;
  }

  #kill(signal: NodeJS.Signals): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // The group is gone already.
    }
  }
}
