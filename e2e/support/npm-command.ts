/** Runs the scripts of package.json, each in its own process group, as a terminal does. */
import { projectRoot } from '@xerotier/dev';
import { eventually } from '@xerotier/testing';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A running program, with its output. */
class ScriptRun {
  readonly exited: Promise<number | null>;
  readonly #child: ChildProcess;
  #output = '';

  constructor(program: string, args: readonly string[], env: Readonly<Record<string, string>>) {
    const { NODE_OPTIONS: _, ...inherited } = process.env;
    this.#child = spawn(program, [...args], {
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

  /** Waits until the output contains the text. @throws {Error} with the output, on timeout or when the command exits before. */
  async prints(text: string, timeoutMs: number): Promise<void> {
    const exited = this.exited.then(() => {
      if (!this.#output.includes(text)) throw new Error(`exited without printing '${text}':\n${this.#output}`);
    });
    const printed = eventually(`prints '${text}'`, () => this.#output.includes(text), timeoutMs).catch(
      (error: Error) => {
        throw new Error(`${error.message}. Output:\n${this.#output}`);
      },
    );
    await Promise.race([printed, exited]);
  }

  /** Sends SIGINT to the process group, like Ctrl-C in a terminal. */
  interrupt(): void {
    process.kill(-(this.#child.pid as number), 'SIGINT');
  }

  /** Kills the process group, for the cleanup after a failed test. */
  destroy(): void {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    process.kill(-(this.#child.pid as number), 'SIGKILL');
  }
}

/** An npm command, such as `['start', '--', '--detach']`. */
export class NpmCommand extends ScriptRun {
  constructor(args: readonly string[], env: Readonly<Record<string, string>>) {
    super('npm', args, env);
  }
}

/** Runs a script of package.json as npm does, without npm, which would take most of the time. Waits for its exit. */
export async function runScript(
  [name = '', ...args]: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<{ code: number | null; output: string }> {
  const { scripts } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const PATH = `${join(projectRoot, 'node_modules/.bin')}:${process.env['PATH']}`;
  const command = new ScriptRun('sh', ['-c', `${scripts[name]} "$@"`, 'sh', ...args], { PATH, ...env });
  const code = await command.exited;
  return { code, output: command.output };
}

/** Returns whether a process is running; a zombie is not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.charAt(stat.lastIndexOf(')') + 2) !== 'Z';
  } catch {
    return false;
  }
}
