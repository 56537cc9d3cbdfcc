/** A stack as `npm start` makes it, in a folder and on a port of its own, with the commands beside it. */
import type { DevFile } from '@xerotier/dev';
import { freePort } from '@xerotier/local-servers';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ApiClient } from './api-client.ts';
import { npm, NpmCommand } from './npm-command.ts';

export const START_TIMEOUT_MS = 120_000;

const run = promisify(execFile);

export class EmbeddedStack {
  readonly home: string;
  readonly port: number;
  readonly #commands: NpmCommand[] = [];

  private constructor(home: string, port: number) {
    this.home = home;
    this.port = port;
  }

  static async open(): Promise<EmbeddedStack> {
    return new EmbeddedStack(join(await mkdtemp(join(tmpdir(), 'xerotier-start-')), 'home'), await freePort());
  }

  env(more: Readonly<Record<string, string>> = {}): Record<string, string> {
    // What is tested is built already, and suites run beside each other.
    return { XEROTIER_HOME: this.home, XEROTIER_PORT: String(this.port), XEROTIER_BUILD: 'skip', ...more };
  }

  path(...parts: readonly string[]): string {
    return join(this.home, ...parts);
  }

  async description(): Promise<DevFile> {
    return JSON.parse(await readFile(this.path('dev.json'), 'utf8')) as DevFile;
  }

  async api(): Promise<ApiClient> {
    return new ApiClient(await this.description());
  }

  async pidOf(service: string): Promise<number> {
    return (await this.description()).services[service]?.pid as number;
  }

  /** Every process that the platform says it consists of. */
  async allPids(): Promise<number[]> {
    const { supervisorPid, services } = await this.description();
    return [supervisorPid, ...Object.values(services).map(({ pid }) => pid as number)];
  }

  /** `npm start`, until it says that it runs. */
  async start(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Promise<NpmCommand> {
    const command = this.command(['start', '--', ...args], env);
    await command.says('Xerotier is running', START_TIMEOUT_MS);
    await command.says('Ctrl-C or', 1_000);
    return command;
  }

  /** Starts one of the project's commands, and leaves it running. */
  command(args: readonly string[], env: Readonly<Record<string, string>> = {}): NpmCommand {
    const command = new NpmCommand(args, this.env(env));
    this.#commands.push(command);
    return command;
  }

  /** Runs one of the project's commands to its end. */
  npm(
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<{ code: number | null; output: string }> {
    return npm(args, this.env(env));
  }

  async close(): Promise<void> {
    await this.npm(['stop']).catch(() => undefined);
    for (const command of this.#commands) command.destroy();
    await rm(join(this.home, '..'), { recursive: true, force: true });
  }
}

/** Call it at the top of a file; use the result inside tests only. */
export function embeddedStack(): EmbeddedStack {
  let stack: EmbeddedStack | undefined;
  beforeAll(async () => {
    stack = await EmbeddedStack.open();
  });
  afterAll(() => stack?.close(), START_TIMEOUT_MS);
  return new Proxy({} as EmbeddedStack, {
    get: (_, name) => {
      if (stack === undefined) throw new Error('The stack is there inside tests only.');
      const value: unknown = Reflect.get(stack, name, stack);
      return typeof value === 'function' ? (value.bind(stack) as unknown) : value;
    },
  });
}

/** The `curl` line of an output, with the lines that belong to it. */
export function curlOf({ output }: Pick<NpmCommand, 'output'>): string {
  const from = output.lastIndexOf('\ncurl ') + 1;
  if (from === 0) throw new Error(`There is no curl line in:\n${output}`);
  return output.slice(from, output.indexOf('\n\n', from));
}

export async function bash(line: string): Promise<string> {
  return (await run('bash', ['-c', line], { timeout: 60_000 })).stdout;
}
