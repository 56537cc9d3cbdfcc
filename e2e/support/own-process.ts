/**
 * One more process of a service that runs already, started by the test itself: with settings of its own, and watched to
 * its last moment, since what it ends with is what is tested.
 */
import { projectRoot } from '@xerotier/dev';
import type { ServiceProcess } from '@xerotier/dev';
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const running = new Set<ChildProcess>();

/** Ends what tests have left running; to be called after each. */
export function endOwnProcesses(): void {
  for (const child of running) child.kill('SIGKILL');
}

export class OwnProcess {
  readonly facts: Readonly<Record<string, string | number>>;
  /** How it ended, once it has. */
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, facts: OwnProcess['facts'], exited: Promise<Exit>) {
    this.#child = child;
    this.facts = facts;
    this.exited = exited;
  }

  /** Starts the program of the given service with its settings and the given ones, and waits until it is up. */
  static async start(like: ServiceProcess, env: Readonly<Record<string, string>> = {}): Promise<OwnProcess> {
    const child = fork(join(projectRoot, 'apps', like.spec.app, 'dist/main.js'), [], {
      cwd: projectRoot,
      env: { PATH: process.env['PATH'], ...like.spec.env, ...env },
      execArgv: ['--enable-source-maps'],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    running.add(child);
    const exited = new Promise<Exit>((resolve) => {
      child.once('exit', (code, signal) => {
        running.delete(child);
        resolve({ code, signal });
      });
    });
    const facts = new Promise<OwnProcess['facts']>((resolve) => {
      child.on('message', (message) => resolve((message as { facts: OwnProcess['facts'] }).facts));
    });
    const up = await Promise.race([facts, exited]);
    if ('code' in up && 'signal' in up) throw new Error(`${like.spec.app} ended at its start: ${JSON.stringify(up)}`);
    return new OwnProcess(child, up, exited);
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }
}
