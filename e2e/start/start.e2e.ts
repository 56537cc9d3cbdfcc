/** `npm start` and the commands beside it, as a person types them, on a machine where the usual ports are taken. */
import type { PlatformDescription } from '@xerotier/dev';
import { freePort } from '@xerotier/local-servers';
import { eventually } from '@xerotier/testing';
import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ApiClient } from '../support/api-client.ts';
import { isAlive, npm, NpmCommand } from '../support/npm-command.ts';

const run = promisify(execFile);

const START_TIMEOUT_MS = 90_000;
/** Where NATS, PostgreSQL and Redis usually are. */
const USUAL_PORTS = [4_222, 5_432, 6_379];

let home = '';
let port = 0;
let strangers: Server[] = [];
let bystander: ChildProcess;
const commands: NpmCommand[] = [];

const env = (): Record<string, string> => ({ XEROTIER_HOME: home, XEROTIER_PORT: String(port) });
const devFile = (): string => join(home, 'dev.json');

async function description(): Promise<PlatformDescription> {
  return JSON.parse(await readFile(devFile(), 'utf8')) as PlatformDescription;
}

async function supervisorPid(): Promise<number> {
  return (JSON.parse(await readFile(join(home, 'supervisor.json'), 'utf8')) as { pid: number }).pid;
}

/** Every process that the platform says it consists of. */
async function allPids(): Promise<number[]> {
  const { services } = await description();
  return [await supervisorPid(), ...Object.values(services).map(({ pid }) => pid as number)];
}

async function started(...args: string[]): Promise<NpmCommand> {
  const command = new NpmCommand(['start', '--', ...args], env());
  commands.push(command);
  await command.says('Xerotier is running', START_TIMEOUT_MS);
  await command.says('Ctrl-C or', 1_000);
  return command;
}

/** The `curl` line of the output, with the lines that belong to it. */
function curlOf({ output }: NpmCommand): string {
  const from = output.indexOf('\ncurl ') + 1;
  if (from === 0) throw new Error(`There is no curl line in:\n${output}`);
  return output.slice(from, output.indexOf('\n\n', from));
}

const bash = async (line: string): Promise<string> => (await run('bash', ['-c', line], { timeout: 30_000 })).stdout;

beforeAll(async () => {
  home = join(await mkdtemp(join(tmpdir(), 'xerotier-start-')), 'home');
  port = await freePort();
  // Whatever cannot be taken here is taken by a stranger already.
  const taken = await Promise.all(
    USUAL_PORTS.map(async (usual) => {
      const server = createServer((socket) => socket.end('not the server you look for\r\n'));
      server.listen(usual, '127.0.0.1');
      return once(server, 'listening').then(
        () => server,
        () => undefined,
      );
    }),
  );
  strangers = taken.filter((server) => server !== undefined);
  bystander = spawn('sleep', ['600'], { stdio: 'ignore' });
});

afterAll(async () => {
  for (const command of commands) command.destroy();
  bystander.kill('SIGKILL');
  await Promise.all(strangers.map((server) => new Promise((resolve) => server.close(resolve))));
  await rm(join(home, '..'), { recursive: true, force: true });
});

// The tests tell one story, in order: started in the foreground, ended by Ctrl-C, started in the background, killed,
// started again, stopped, reset.

describe('npm start with what it cannot use', () => {
  it('says so when its port is taken, and starts nothing', async () => {
    const taken = USUAL_PORTS[0] as number;
    const { code, output } = await npm(['start'], { ...env(), XEROTIER_PORT: String(taken) });
    expect(code).not.toBe(0);
    expect(output).toContain(`Port ${taken} (XEROTIER_PORT) is taken`);
    expect((await npm(['run', 'status'], env())).output).toContain('Nothing is running.');
  });

  it('says so for an argument that it does not know', async () => {
    const { code, output } = await npm(['start', '--', '--detatch'], env());
    expect(code).not.toBe(0);
    expect(output).toContain("'--detatch'");
    expect(output).toContain('--detach');
  });
});

describe('npm start', () => {
  let command: NpmCommand;
  let keys: Pick<PlatformDescription, 'apiKey' | 'managementKey' | 'projectId'>;

  it(
    'works although the usual ports are taken, and says address, key and model',
    async () => {
      command = await started();
      const { apiKey, managementKey, projectId, endpointSlug } = await description();
      keys = { apiKey, managementKey, projectId };
      expect(command.output).toContain(`http://127.0.0.1:${port}/${projectId}/${endpointSlug}/v1`);
      expect(command.output).toContain(apiKey);
    },
    START_TIMEOUT_MS,
  );

  it('prints a curl that returns a completion when it is pasted', async () => {
    const completion: unknown = JSON.parse(await bash(`${curlOf(command).replace('curl ', 'curl -sS ')}`));
    const api = new ApiClient(await description());
    api.schema.expectValid('CreateChatCompletionResponse', completion);
    expect(completion).toMatchObject({ object: 'chat.completion', choices: [{ message: { role: 'assistant' } }] });
  });

  it('prints a curl that streams token by token with "stream": true', async () => {
    const streaming = curlOf(command).replace('curl ', 'curl -sSN ').replace('"model"', '"stream": true, "model"');
    const events = (await bash(streaming)).trimEnd().split('\n\n');
    // The weights are random: the model may end its answer after any token.
    expect(events.length).toBeGreaterThanOrEqual(3);
    expect(events.every((event) => event.startsWith('data: '))).toBe(true);
    expect(events.at(-1)).toBe('data: [DONE]');
  });

  it('serves embeddings beside the chat model', async () => {
    const api = new ApiClient(await description()).with({ endpointSlug: 'embed' });
    const body = { model: 'embed', input: 'Hello' };
    const answer = await api.request('POST', `${api.endpointUrl}/embeddings`, 'CreateEmbeddingResponse', body);
    expect(answer).toMatchObject({ status: 200, body: { data: [{ index: 0 }], model: 'xero-embed' } });
  });

  it('writes all that tools need into a file that only its owner can read', async () => {
    expect((await stat(devFile())).mode & 0o777).toBe(0o600);
    const { services, ...rest } = await description();
    expect(rest).toMatchObject({
      baseUrl: `http://127.0.0.1:${port}`,
      projectUrl: expect.stringContaining(`http://127.0.0.1:${port}/proj_`),
      apiKey: expect.stringMatching(/^xero_/),
      managementKey: expect.stringMatching(/^xero_/),
      projectId: expect.stringMatching(/^proj_/),
      endpointSlug: expect.any(String),
      model: expect.any(String),
      natsUrl: expect.stringMatching(/^nats:/),
      redisUrl: expect.stringMatching(/^redis:/),
      databaseUrl: expect.stringMatching(/^postgres/),
    });
    for (const url of [rest.natsUrl, rest.redisUrl, rest.databaseUrl]) {
      expect(USUAL_PORTS).not.toContain(Number(new URL(url).port));
    }
    for (const name of ['gateway', 'auth', 'router', 'responses', 'xim']) {
      expect(isAlive(services[name]?.pid as number)).toBe(true);
      expect((await fetch(`${services[name]?.healthUrl}/readyz`)).status).toBe(200);
    }
  });

  it('writes no secret that others can read anywhere', async () => {
    const { stdout } = await run('find', [home, '-type', 'f', '-perm', '/044', '-size', '-1000k']);
    for (const file of stdout.trim().split('\n').filter(Boolean)) {
      const text = await readFile(file, 'latin1');
      expect({ file, hasKey: text.includes(keys.apiKey) || text.includes(keys.managementKey) }).toEqual({
        file,
        hasKey: false,
      });
    }
  });

  it('says that it is running when it is started a second time, and leaves the first alone', async () => {
    const pids = await allPids();
    const second = await npm(['start'], env());
    expect(second.code).toBe(0);
    expect(second.output).toContain('is running already');
    expect(second.output).toContain(keys.apiKey);
    expect(await allPids()).toEqual(pids);
    expect(pids.every(isAlive)).toBe(true);
  });

  it('shows its parts with npm run status', async () => {
    const { code, output } = await npm(['run', 'status'], env());
    expect(code).toBe(0);
    for (const name of ['nats', 'redis', 'postgres', 'gateway', 'auth', 'router', 'responses', 'xim'])
      expect(output).toContain(name);
    expect(output).not.toMatch(/not ready|does not answer|down/);
  });

  it('brings a service back that has died', async () => {
    const { pid } = (await description()).services['gateway'] as { pid: number };
    process.kill(pid, 'SIGKILL');
    const api = new ApiClient(await description());
    const hello = { model: 'xero-tiny', messages: [{ role: 'user', content: 'Hello' }], max_tokens: 1 };
    await eventually('it serves again', () => api.chat(hello), 20_000);
    await eventually('the file names the new process', async () => {
      const { services } = await description();
      return services['gateway']?.pid !== pid && isAlive(services['gateway']?.pid as number);
    });
  });

  it('ends with Ctrl-C, with everything that it had started and nothing else', async () => {
    const pids = await allPids();
    command.interrupt();
    // Its exit code is npm's affair, which ends by the signal itself.
    await command.exited;
    expect(pids.filter(isAlive)).toEqual([]);
    expect(existsSync(devFile())).toBe(false);
    expect(isAlive(bystander.pid as number)).toBe(true);
    expect(strangers.every((server) => server.listening)).toBe(true);
  });

  it(
    'in the background gives the terminal back, and keeps keys and project',
    async () => {
      const detached = await started('--detach');
      expect(await detached.exited).toBe(0);
      expect(await description()).toMatchObject(keys);
      const api = new ApiClient(await description());
      await api.chat({ model: 'xero-tiny', messages: [{ role: 'user', content: 'Hello' }], max_tokens: 3 });
    },
    START_TIMEOUT_MS,
  );
});

describe('a supervisor that is killed', () => {
  it(
    'takes everything with it, and the next start is not hindered by what it left',
    async () => {
      const before = await description();
      const pids = await allPids();
      process.kill(await supervisorPid(), 'SIGKILL');
      await eventually('all processes are gone', () => pids.filter(isAlive).length === 0, 30_000);
      await eventually('nothing is running', async () => {
        return (await npm(['run', 'status'], env())).output.includes('Nothing is running.');
      });
      await started('--detach');
      expect((await description()).apiKey).toBe(before.apiKey);
      expect((await allPids()).every(isAlive)).toBe(true);
    },
    START_TIMEOUT_MS,
  );
});

describe('npm stop', () => {
  it('ends every process of the platform', async () => {
    const pids = await allPids();
    const { code, output } = await npm(['stop'], env());
    expect(code).toBe(0);
    expect(output).toContain('Stopped.');
    expect(pids.filter(isAlive)).toEqual([]);
    expect(isAlive(bystander.pid as number)).toBe(true);
  });

  it('says so when nothing runs', async () => {
    const { code, output } = await npm(['stop'], env());
    expect(code).toBe(0);
    expect(output).toContain('Nothing is running.');
    expect((await npm(['run', 'status'], env())).output).toContain('Nothing is running.');
  });
});

describe('npm run reset', () => {
  it('removes the folder with all data and keys', async () => {
    expect(existsSync(join(home, 'credentials.json'))).toBe(true);
    const { code } = await npm(['run', 'reset'], env());
    expect(code).toBe(0);
    expect(existsSync(home)).toBe(false);
  });
});
