/**
 * An additional process of a running service, started by the test with its own settings, for tests of its exit.
 */
import { compileCache, projectRoot } from '@xerotier/dev';
import type { ServiceProcess } from '@xerotier/dev';
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const running = new Set<ChildProcess>();

/** Kills the processes that tests have left running. To be called after each test. */
export function stopAdditionalProcesses(): void {
  for (const child of running) child.kill('SIGKILL');
}

export class AdditionalProcess {
  readonly facts: Readonly<Record<string, string | number>>;
  /** Resolves when the process has exited. */
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, facts: AdditionalProcess['facts'], exited: Promise<Exit>) {
    this.#child = child;
    this.facts = facts;
    this.exited = exited;
  }

  /**
   * Starts the program of the given service with its environment and additional variables, and waits until it is ready.
   * @param wrapper a program that becomes the given one, and its first arguments.
   */
  static async start(
    service: ServiceProcess,
    env: Readonly<Record<string, string>> = {},
    wrapper: readonly string[] = [],
  ): Promise<AdditionalProcess> {
    const [execPath = process.execPath, ...execArgv] = [...wrapper, process.execPath, '--enable-source-maps'];
    const child = fork(join(projectRoot, 'apps', service.spec.app, 'dist/main.js'), [], {
      cwd: projectRoot,
      env: { PATH: process.env['PATH'], NODE_COMPILE_CACHE: compileCache, ...service.spec.env, ...env },
      ...{ execPath, execArgv },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    running.add(child);
    const exited = new Promise<Exit>((resolve) => {
      child.once('exit', (code, signal) => {
        running.delete(child);
        resolve({ code, signal });
      });
    });
    const facts = new Promise<AdditionalProcess['facts']>((resolve) => {
      child.on('message', (message) => resolve((message as { facts: AdditionalProcess['facts'] }).facts));
    });
    const result = await Promise.race([facts, exited]);
    if ('code' in result && 'signal' in result)
      throw new Error(`${service.spec.app} exited during its start: ${JSON.stringify(result)}`);
    return new AdditionalProcess(child, result, exited);
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }
}
