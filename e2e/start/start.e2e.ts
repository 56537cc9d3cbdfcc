/** `npm start` and the commands beside it, as a person types them, on a machine where the usual ports are taken. */
import type { DevFile } from '@xerotier/dev';
import { readRegistry } from '@xerotier/registry';
import { eventually } from '@xerotier/testing';
import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import type { Server } from 'node:net';
import { promisify } from 'node:util';
import { ApiClient } from '../support/api-client.ts';
import { bash, curlOf, embeddedStack, START_TIMEOUT_MS } from '../support/embedded-stack.ts';
import { isAlive } from '../support/npm-command.ts';
import type { NpmCommand } from '../support/npm-command.ts';

const run = promisify(execFile);

/** Where NATS, PostgreSQL and Redis usually are. */
const USUAL_PORTS = [4_222, 5_432, 6_379];

const stack = embeddedStack();
let strangers: Server[] = [];
let bystander: ChildProcess;

beforeAll(async () => {
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
  bystander.kill('SIGKILL');
  await Promise.all(strangers.map((server) => new Promise((resolve) => server.close(resolve))));
});

// The tests tell one story, in order: started in the foreground, ended by Ctrl-C, started in the background, killed,
// started again, stopped, reset.

describe('npm start with what it cannot use', () => {
  it('says so when its port is taken, and starts nothing', async () => {
    const taken = USUAL_PORTS[0] as number;
    const { code, output } = await stack.npm(['start'], { XEROTIER_PORT: String(taken) });
    expect(code).not.toBe(0);
    expect(output).toContain(`Port ${taken} (XEROTIER_PORT) is taken`);
    expect((await stack.npm(['run', 'status'])).output).toContain('Nothing is running.');
  });

  it('says so for an argument that it does not know', async () => {
    const { code, output } = await stack.npm(['start', '--', '--detatch']);
    expect(code).not.toBe(0);
    expect(output).toContain("'--detatch'");
    expect(output).toContain('--detach');
  });
});

/** What a server says to this, until it closes the connection or is silent for a second. */
function said(url: string, text: string): Promise<string> {
  return new Promise((resolve) => {
    let response = '';
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(text));
    socket.setTimeout(1_000, () => socket.destroy());
    socket.on('data', (data) => (response += data.toString()));
    // A server that closes at once resets what was still on the way.
    socket.on('error', () => undefined);
    socket.once('close', () => resolve(response));
  });
}

describe('npm start', () => {
  let command: NpmCommand;
  let keys: Pick<DevFile, 'apiKey' | 'managementKey' | 'projectId'>;

  it(
    'works although the usual ports are taken, and says address, key and model',
    async () => {
      command = await stack.start();
      const { apiKey, managementKey, projectId, endpointSlug } = await stack.description();
      keys = { apiKey, managementKey, projectId };
      expect(command.output).toContain(`http://127.0.0.1:${stack.port}/${projectId}/${endpointSlug}/v1`);
      expect(command.output).toContain(apiKey);
    },
    START_TIMEOUT_MS,
  );

  it('prints a curl that returns a completion when it is pasted', async () => {
    const completion: unknown = JSON.parse(await bash(`${curlOf(command).replace('curl ', 'curl -sS ')}`));
    const api = new ApiClient(await stack.description());
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
    const api = new ApiClient(await stack.description()).with({ endpointSlug: 'embed' });
    const body = { model: 'embed', input: 'Hello' };
    const response = await api.request('POST', `${api.endpointUrl}/embeddings`, 'CreateEmbeddingResponse', body);
    expect(response).toMatchObject({ status: 200, body: { data: [{ index: 0 }], model: 'xero-embed' } });
  });

  it('writes all that tools need into a file that only its owner can read', async () => {
    expect((await stat(stack.path('dev.json'))).mode & 0o777).toBe(0o600);
    const { services, ...rest } = await stack.description();
    expect(rest).toMatchObject({
      baseUrl: `http://127.0.0.1:${stack.port}`,
      projectUrl: expect.stringContaining(`http://127.0.0.1:${stack.port}/proj_`),
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
    for (const name of readRegistry().map((entry) => entry.name)) {
      expect(isAlive(services[name]?.pid as number)).toBe(true);
      expect((await fetch(`${services[name]?.healthUrl}/readyz`)).status).toBe(200);
    }
  });

  it('writes no secret that others can read anywhere', async () => {
    const { stdout } = await run('find', [stack.home, '-type', 'f', '-perm', '/044', '-size', '-1000k']);
    const { natsUrl, redisUrl, databaseUrl } = await stack.description();
    const passwords = [natsUrl, redisUrl, databaseUrl].map((url) => new URL(url).password);
    expect(passwords).not.toContain('');
    for (const file of stdout.trim().split('\n').filter(Boolean)) {
      const text = await readFile(file, 'latin1');
      const found = [keys.apiKey, keys.managementKey, ...passwords].filter((secret) => text.includes(secret));
      expect({ file, found }).toEqual({ file, found: [] });
    }
  });

  it('shows no secret in the list of processes, which everybody can read', async () => {
    const { natsUrl, redisUrl, databaseUrl } = await stack.description();
    const passwords = [natsUrl, redisUrl, databaseUrl].map((url) => new URL(url).password);
    const { stdout } = await run('ps', ['-eo', 'args'], { maxBuffer: 1 << 24 });
    expect([...passwords, keys.apiKey].filter((secret) => stdout.includes(secret))).toEqual([]);
  });

  it('lets nobody read on the bus, or in Redis, who has no password', async () => {
    const { natsUrl, redisUrl } = await stack.description();
    expect(await said(natsUrl, 'CONNECT {"verbose":false}\r\nSUB > 1\r\nPING\r\n')).toContain(
      'Authorization Violation',
    );
    expect(await said(redisUrl, 'KEYS *\r\n')).toContain('NOAUTH');
  });

  it.each([[[]], [['--', '--detach']]])(
    'says that it is running, and where, when it is started a second time with %j, and leaves the first alone',
    async (args) => {
      const pids = await stack.allPids();
      const second = await stack.npm(['start', ...args]);
      expect(second.code).toBe(0);
      expect(second.output).toContain(
        `Xerotier is running already (process ${pids[0]}) at http://127.0.0.1:${stack.port}. \`npm stop\` ends it`,
      );
      expect(second.output).toContain(keys.apiKey);
      expect(await stack.allPids()).toEqual(pids);
      expect(pids.every(isAlive)).toBe(true);
    },
  );

  it.each([[[]], [['--', '--detach']]])(
    'is not where it was asked to be: a second start with %j on another port says so and fails',
    async (args) => {
      const { code, output } = await stack.npm(['start', ...args], { XEROTIER_PORT: String(stack.port + 1) });
      expect(code).not.toBe(0);
      expect(output).toContain('is running already');
      expect(output).toContain(`It does not listen on port ${stack.port + 1} (XEROTIER_PORT)`);
    },
  );

  it('shows its parts with npm run status', async () => {
    const { code, output } = await stack.npm(['run', 'status']);
    expect(code).toBe(0);
    for (const name of ['nats', 'redis', 'postgres', ...readRegistry().map((entry) => entry.name)])
      expect(output).toContain(name);
    expect(output).not.toMatch(/not ready|does not answer|down/);
  });

  it('brings a service back that has died', async () => {
    const { pid } = (await stack.description()).services['gateway'] as { pid: number };
    process.kill(pid, 'SIGKILL');
    const api = new ApiClient(await stack.description());
    const hello = { model: 'xero-tiny', messages: [{ role: 'user', content: 'Hello' }], max_tokens: 1 };
    await eventually('it serves again', () => api.chat(hello), 20_000);
    await eventually('the file names the new process', async () => {
      const { services } = await stack.description();
      return services['gateway']?.pid !== pid && isAlive(services['gateway']?.pid as number);
    });
  });

  it('ends with Ctrl-C, with everything that it had started and nothing else', async () => {
    const pids = await stack.allPids();
    command.interrupt();
    // Its exit code is npm's affair, which ends by the signal itself.
    await command.exited;
    expect(pids.filter(isAlive)).toEqual([]);
    expect(existsSync(stack.path('dev.json'))).toBe(false);
    expect(isAlive(bystander.pid as number)).toBe(true);
    expect(strangers.every((server) => server.listening)).toBe(true);
  });

  it(
    'in the background gives the terminal back, and keeps keys and project',
    async () => {
      const detached = await stack.start(['--detach']);
      expect(await detached.exited).toBe(0);
      expect(detached.output).not.toContain('is running already');
      expect(await stack.description()).toMatchObject(keys);
      const api = new ApiClient(await stack.description());
      await api.chat({ model: 'xero-tiny', messages: [{ role: 'user', content: 'Hello' }], max_tokens: 3 });
    },
    START_TIMEOUT_MS,
  );
});

describe('a supervisor that is killed', () => {
  it(
    'takes everything with it, and the next start is not hindered by what it left',
    async () => {
      const before = await stack.description();
      const pids = await stack.allPids();
      process.kill((await stack.description()).supervisorPid, 'SIGKILL');
      await eventually('all processes are gone', () => pids.filter(isAlive).length === 0, 30_000);
      await eventually('nothing is running', async () => {
        return (await stack.npm(['run', 'status'])).output.includes('Nothing is running.');
      });
      await stack.start(['--detach']);
      expect((await stack.description()).apiKey).toBe(before.apiKey);
      expect((await stack.allPids()).every(isAlive)).toBe(true);
    },
    START_TIMEOUT_MS,
  );
});

describe('two that start at once', () => {
  it(
    'make one stack, and both end when it runs and say where',
    async () => {
      await stack.npm(['stop']);
      const both = [stack.command(['start', '--', '--detach']), stack.command(['start', '--', '--detach'])];
      expect(await Promise.all(both.map(({ exited }) => exited))).toEqual([0, 0]);
      const { apiKey, supervisorPid } = await stack.description();
      for (const { output } of both) expect(output).toContain(apiKey);
      expect(
        both.filter(({ output }) => output.includes(`is running already (process ${supervisorPid})`)),
      ).toHaveLength(1);
    },
    START_TIMEOUT_MS,
  );
});

describe('npm stop', () => {
  it('ends every process of the platform', async () => {
    const pids = await stack.allPids();
    const { code, output } = await stack.npm(['stop']);
    expect(code).toBe(0);
    expect(output).toContain('Stopped.');
    expect(pids.filter(isAlive)).toEqual([]);
    expect(isAlive(bystander.pid as number)).toBe(true);
  });

  it('says so when nothing runs', async () => {
    const { code, output } = await stack.npm(['stop']);
    expect(code).toBe(0);
    expect(output).toContain('Nothing is running.');
    expect((await stack.npm(['run', 'status'])).output).toContain('Nothing is running.');
  });
});

describe('npm run reset', () => {
  /** In a terminal, as a person sees it: the reply is typed. */
  const inTerminal = async (reply: string): Promise<string> =>
    bash(
      `export XEROTIER_HOME='${stack.home}'; (sleep 3; printf '${reply}') | script -qec 'npm run reset; echo "exit $?"' /dev/null`,
    );

  it('removes nothing where nobody can be asked, and says how it is done', async () => {
    const { code, output } = await stack.npm(['run', 'reset']);
    expect(code).toBe(1);
    expect(output).toContain('npm run reset -- --yes');
    expect(existsSync(stack.path('credentials.json'))).toBe(true);
  });

  it.each(['n\\n', '\\n', 'yeah no\\n'])('asks, and takes %j for a no', async (reply) => {
    const output = await inTerminal(reply);
    expect(output).toContain(`This removes all data, keys and logs in ${stack.home}. Go on? [y/N]`);
    expect(output).toContain('Nothing was removed.');
    expect(output).toContain('exit 1');
    expect(existsSync(stack.path('credentials.json'))).toBe(true);
  });

  it('does not know other options', async () => {
    const { code, output } = await stack.npm(['run', 'reset', '--', '--force']);
    expect(code).toBe(1);
    expect(output).toContain("knows no '--force'");
    expect(existsSync(stack.path('credentials.json'))).toBe(true);
  });

  it('keeps what the stack has not made, and names it', async () => {
    await writeFile(stack.path('thesis.txt'), 'mine');
    const { code, output } = await stack.npm(['run', 'reset', '--', '-y']);
    expect(code).toBe(0);
    expect(output).toContain('kept: thesis.txt');
    expect(await readFile(stack.path('thesis.txt'), 'utf8')).toBe('mine');
    expect(existsSync(stack.path('credentials.json'))).toBe(false);
  });

  it('removes the folder with all data and keys after a yes', async () => {
    await mkdir(stack.path('servers', 'nats'), { recursive: true });
    await writeFile(stack.path('credentials.json'), '{}');
    await run('rm', [stack.path('thesis.txt')]);
    expect(await inTerminal('y\\n')).toContain('exit 0');
    expect(existsSync(stack.home)).toBe(false);
  });

  it('has nothing to do when there is nothing', async () => {
    const { code, output } = await stack.npm(['run', 'reset', '--', '--yes']);
    expect(code).toBe(0);
    expect(output).toContain('Nothing to remove');
  });
});
