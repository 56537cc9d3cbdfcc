/** A stack of `npm start` with its own folder and port, and the related npm commands. */
import type { DevFile } from '@xerotier/dev';
import { freePort } from '@xerotier/local-servers';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ApiClient } from './api-client.ts';
import { NpmCommand, runScript } from './npm-command.ts';

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
    // The build has run before the tests, and suites run concurrently.
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

  /** Returns the ids of all processes in dev.json. */
  async allPids(): Promise<number[]> {
    const { supervisorPid, services } = await this.description();
    return [supervisorPid, ...Object.values(services).map(({ pid }) => pid as number)];
  }

  /** Runs `npm start` and waits until the stack is running. */
  async start(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Promise<NpmCommand> {
    const command = this.command(['start', '--', ...args], env);
    await command.prints('Xerotier is running', START_TIMEOUT_MS);
    await command.prints('Ctrl-C or', 1_000);
    return command;
  }

  /** Starts an npm command without waiting for its exit. */
  command(args: readonly string[], env: Readonly<Record<string, string>> = {}): NpmCommand {
    const command = new NpmCommand(args, this.env(env));
    this.#commands.push(command);
    return command;
  }

  /** Runs a script of package.json, such as `['start', '--detach']`, and waits for its exit. */
  run(
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<{ code: number | null; output: string }> {
    return runScript(args, this.env(env));
  }

  async close(): Promise<void> {
    await this.run(['stop']).catch(() => undefined);
    for (const command of this.#commands) command.destroy();
    await rm(join(this.home, '..'), { recursive: true, force: true });
  }
}

/** Must be called at the top level of a file; the result is available inside tests only. */
export function embeddedStack(): EmbeddedStack {
  let stack: EmbeddedStack | undefined;
  beforeAll(async () => {
    stack = await EmbeddedStack.open();
  });
  afterAll(() => stack?.close(), START_TIMEOUT_MS);
  return new Proxy({} as EmbeddedStack, {
    get: (_, name) => {
      if (stack === undefined) throw new Error('the stack is available inside tests only');
      const value: unknown = Reflect.get(stack, name, stack);
      return typeof value === 'function' ? (value.bind(stack) as unknown) : value;
    },
  });
}

/** Returns the last `curl` command of the output, with its continuation lines. */
export function curlCommandOf({ output }: Pick<NpmCommand, 'output'>): string {
  const from = output.lastIndexOf('\ncurl ') + 1;
  if (from === 0) throw new Error(`there is no curl command in:\n${output}`);
  return output.slice(from, output.indexOf('\n\n', from));
}

export async function bash(line: string): Promise<string> {
  return (await run('bash', ['-c', line], { timeout: 60_000 })).stdout;
}
