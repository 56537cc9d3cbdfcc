/** The project's npm scripts as a person runs them, each in a process group of its own, as a terminal would. */
import { projectRoot } from '@xerotier/dev';
import { eventually } from '@xerotier/testing';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';

export class NpmCommand {
  readonly exited: Promise<number | null>;
  readonly #child: ChildProcess;
  #output = '';

  constructor(args: readonly string[], env: Readonly<Record<string, string>>) {
    const { NODE_OPTIONS: _, ...inherited } = process.env;
    this.#child = spawn('npm', [...args], {
      cwd: projectRoot,
      env: { ...inherited, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    for (const pipe of [this.#child.stdout, this.#child.stderr])
      pipe?.on('data', (chunk: Buffer) => (this.#output += chunk.toString()));
    this.exited = new Promise((resolve) => this.#child.once('close', resolve));
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  get output(): string {
    return this.#output;
  }

  /** Waits until it has said something, or fails with all that it has said when it ends before. */
  async says(text: string, timeoutMs: number): Promise<void> {
    const ended = this.exited.then(() => {
      if (!this.#output.includes(text)) throw new Error(`It ended without saying '${text}':\n${this.#output}`);
    });
    const said = eventually(`it says '${text}'`, () => this.#output.includes(text), timeoutMs).catch((error: Error) => {
      throw new Error(`${error.message}. It said:\n${this.#output}`);
    });
    await Promise.race([said, ended]);
  }

  /** What Ctrl-C in a terminal does: everything in the foreground gets the signal. */
  interrupt(): void {
    process.kill(-(this.#child.pid as number), 'SIGINT');
  }

  /** Ends it whatever it does, for the clean-up after a failed test. */
  destroy(): void {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    process.kill(-(this.#child.pid as number), 'SIGKILL');
  }
}

/** Runs an npm script to its end. */
export async function npm(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<{ code: number | null; output: string }> {
  const command = new NpmCommand(args, env);
  const code = await command.exited;
  return { code, output: command.output };
}

/** Whether a process is there. One that has ended and waits for its parent to look is not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.charAt(stat.lastIndexOf(')') + 2) !== 'Z';
  } catch {
    return false;
  }
}
