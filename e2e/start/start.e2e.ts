/** `npm start` and the related commands on a machine where the default ports are taken. */
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
import { bash, curlCommandOf, embeddedStack, START_TIMEOUT_MS } from '../support/embedded-stack.ts';
import { isAlive } from '../support/npm-command.ts';
import type { NpmCommand } from '../support/npm-command.ts';

const run = promisify(execFile);

/** The default ports of NATS, PostgreSQL and Redis. */
const DEFAULT_PORTS = [4_222, 5_432, 6_379];

const stack = embeddedStack();
let portHolders: Server[] = [];
let bystander: ChildProcess;

beforeAll(async () => {
  // A port that cannot be taken here is already taken by another process.
  const taken = await Promise.all(
    DEFAULT_PORTS.map(async (port) => {
      const server = createServer((socket) => socket.end('not the server you look for\r\n'));
      server.listen(port, '127.0.0.1');
      return once(server, 'listening').then(
        () => server,
        () => undefined,
      );
    }),
  );
  portHolders = taken.filter((server) => server !== undefined);
  bystander = spawn('sleep', ['600'], { stdio: 'ignore' });
});

afterAll(async () => {
  bystander.kill('SIGKILL');
  await Promise.all(portHolders.map((server) => new Promise((resolve) => server.close(resolve))));
});

// The tests depend on their order: started in the foreground, stopped by Ctrl-C, started in the background, killed, started
// again, stopped, reset.

describe('npm start with invalid settings', () => {
  it('fails when its port is taken, and starts nothing', async () => {
    const taken = DEFAULT_PORTS[0] as number;
    const { code, output } = await stack.run(['start'], { XEROTIER_PORT: String(taken) });
    expect(code).not.toBe(0);
    expect(output).toContain(`Port ${taken} (XEROTIER_PORT) is in use`);
    expect((await stack.run(['status'])).output).toContain('Nothing is running.');
  });

  it('fails for an unknown option', async () => {
    const { code, output } = await stack.run(['start', '--detatch']);
    expect(code).not.toBe(0);
    expect(output).toContain("'--detatch'");
    expect(output).toContain('--detach');
  });
});

/** Sends text to a server and returns its response, until it closes the connection or is idle for a second. */
function responseTo(url: string, text: string): Promise<string> {
  return new Promise((resolve) => {
    let response = '';
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(text));
    socket.setTimeout(1_000, () => socket.destroy());
    socket.on('data', (data) => (response += data.toString()));
    // A server that closes immediately may reset the connection.
    socket.on('error', () => undefined);
    socket.once('close', () => resolve(response));
  });
}

describe('npm start', () => {
  let command: NpmCommand;
  let keys: Pick<DevFile, 'apiKey' | 'managementKey' | 'projectId'>;

  it(
    'starts although the default ports are taken, and prints base URL and API key',
    async () => {
      command = await stack.start();
      const { apiKey, managementKey, projectId, endpointSlug } = await stack.description();
      keys = { apiKey, managementKey, projectId };
      expect(command.output).toContain(`http://127.0.0.1:${stack.port}/${projectId}/${endpointSlug}/v1`);
      expect(command.output).toContain(apiKey);
    },
    START_TIMEOUT_MS,
  );

  it('prints a curl command that returns a completion', async () => {
    const completion: unknown = JSON.parse(await bash(`${curlCommandOf(command).replace('curl ', 'curl -sS ')}`));
    const api = new ApiClient(await stack.description());
    api.schema.expectValid('CreateChatCompletionResponse', completion);
    expect(completion).toMatchObject({ object: 'chat.completion', choices: [{ message: { role: 'assistant' } }] });
  });

  it('prints a curl command that streams with "stream": true', async () => {
    const streaming = curlCommandOf(command)
      .replace('curl ', 'curl -sSN ')
      .replace('"model"', '"stream": true, "model"');
    const events = (await bash(streaming)).trimEnd().split('\n\n');
    // The weights are random: the model may stop after any token.
    expect(events.length).toBeGreaterThanOrEqual(3);
    expect(events.every((event) => event.startsWith('data: '))).toBe(true);
    expect(events.at(-1)).toBe('data: [DONE]');
  });

  it('serves embeddings', async () => {
    const api = new ApiClient(await stack.description()).with({ endpointSlug: 'embed' });
    const body = { model: 'embed', input: 'Hello' };
    const response = await api.request('POST', `${api.endpointUrl}/embeddings`, 'CreateEmbeddingResponse', body);
    expect(response).toMatchObject({ status: 200, body: { data: [{ index: 0 }], model: 'xero-embed' } });
  });

  it('writes dev.json for tools, readable only by its owner', async () => {
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
      expect(DEFAULT_PORTS).not.toContain(Number(new URL(url).port));
    }
    for (const name of readRegistry().map((entry) => entry.name)) {
      expect(isAlive(services[name]?.pid as number)).toBe(true);
      expect((await fetch(`${services[name]?.healthUrl}/readyz`)).status).toBe(200);
    }
  });

  it('writes no secrets to files that others can read', async () => {
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

  it('has no secrets in process arguments', async () => {
    const { natsUrl, redisUrl, databaseUrl } = await stack.description();
    const passwords = [natsUrl, redisUrl, databaseUrl].map((url) => new URL(url).password);
    const { stdout } = await run('ps', ['-eo', 'args'], { maxBuffer: 1 << 24 });
    expect([...passwords, keys.apiKey].filter((secret) => stdout.includes(secret))).toEqual([]);
  });

  it('requires a password for NATS and Redis', async () => {
    const { natsUrl, redisUrl } = await stack.description();
    expect(await responseTo(natsUrl, 'CONNECT {"verbose":false}\r\nSUB > 1\r\nPING\r\n')).toContain(
      'Authorization Violation',
    );
    expect(await responseTo(redisUrl, 'KEYS *\r\n')).toContain('NOAUTH');
  });

  it.each([[[]], [['--detach']]])(
    'reports the running stack when it is started again with %j, without affecting it',
    async (args) => {
      const pids = await stack.allPids();
      const second = await stack.run(['start', ...args]);
      expect(second.code).toBe(0);
      expect(second.output).toContain(
        `Xerotier is already running (process ${pids[0]}) at http://127.0.0.1:${stack.port}. \`npm stop\` stops it`,
      );
      expect(second.output).toContain(keys.apiKey);
      expect(await stack.allPids()).toEqual(pids);
      expect(pids.every(isAlive)).toBe(true);
    },
  );

  it.each([[[]], [['--detach']]])('fails when it is started again with %j on another port', async (args) => {
    const { code, output } = await stack.run(['start', ...args], { XEROTIER_PORT: String(stack.port + 1) });
    expect(code).not.toBe(0);
    expect(output).toContain('is already running');
    expect(output).toContain(`It does not listen on port ${stack.port + 1} (XEROTIER_PORT)`);
  });

  it('is reported by npm run status', async () => {
    const { code, output } = await stack.run(['status']);
    expect(code).toBe(0);
    for (const name of ['nats', 'redis', 'postgres', ...readRegistry().map((entry) => entry.name)])
      expect(output).toContain(name);
    expect(output).toMatch(/^Files: 0, 0 bytes\nBatches: none$/m);
    expect(output).not.toMatch(/not ready|not respond|down/);
  });

  it('restarts a killed service', async () => {
    const { pid } = (await stack.description()).services['gateway'] as { pid: number };
    process.kill(pid, 'SIGKILL');
    const api = new ApiClient(await stack.description());
    const hello = { model: 'xero-tiny', messages: [{ role: 'user', content: 'Hello' }], max_tokens: 1 };
    await eventually('requests are served again', () => api.chat(hello), 20_000);
    await eventually('dev.json has the new process', async () => {
      const { services } = await stack.description();
      return services['gateway']?.pid !== pid && isAlive(services['gateway']?.pid as number);
    });
  });

  it('stops with all its processes on Ctrl-C, and no others', async () => {
    const pids = await stack.allPids();
    command.interrupt();
    // The exit code is not checked: npm itself exits by the signal.
    await command.exited;
    expect(pids.filter(isAlive)).toEqual([]);
    expect(existsSync(stack.path('dev.json'))).toBe(false);
    expect(isAlive(bystander.pid as number)).toBe(true);
    expect(portHolders.every((server) => server.listening)).toBe(true);
  });

  it(
    'with --detach returns, and keeps API keys and project',
    async () => {
      const detached = await stack.start(['--detach']);
      expect(await detached.exited).toBe(0);
      expect(detached.output).not.toContain('is already running');
      expect(await stack.description()).toMatchObject(keys);
      const api = new ApiClient(await stack.description());
      await api.chat({ model: 'xero-tiny', messages: [{ role: 'user', content: 'Hello' }], max_tokens: 3 });
    },
    START_TIMEOUT_MS,
  );
});

describe('killed supervisor', () => {
  it(
    'takes all processes down, and the next start succeeds',
    async () => {
      const before = await stack.description();
      const pids = await stack.allPids();
      process.kill((await stack.description()).supervisorPid, 'SIGKILL');
      await eventually('all processes have exited', () => pids.filter(isAlive).length === 0, 30_000);
      await eventually('nothing is running', async () => {
        return (await stack.run(['status'])).output.includes('Nothing is running.');
      });
      await stack.start(['--detach']);
      expect((await stack.description()).apiKey).toBe(before.apiKey);
      expect((await stack.allPids()).every(isAlive)).toBe(true);
    },
    START_TIMEOUT_MS,
  );
});

describe('two concurrent starts', () => {
  it(
    'start one stack, and both exit with its base URL when it runs',
    async () => {
      await stack.run(['stop']);
      const both = [stack.command(['start', '--', '--detach']), stack.command(['start', '--', '--detach'])];
      expect(await Promise.all(both.map(({ exited }) => exited))).toEqual([0, 0]);
      const { apiKey, supervisorPid } = await stack.description();
      for (const { output } of both) expect(output).toContain(apiKey);
      expect(
        both.filter(({ output }) => output.includes(`is already running (process ${supervisorPid})`)),
      ).toHaveLength(1);
    },
    START_TIMEOUT_MS,
  );
});

describe('npm stop', () => {
  it('stops every process of the platform', async () => {
    const pids = await stack.allPids();
    const { code, output } = await stack.run(['stop']);
    expect(code).toBe(0);
    expect(output).toContain('Stopped.');
    // A process that has exited is there until its parent has noticed.
    await eventually('all have exited', () => !pids.some(isAlive));
    expect(isAlive(bystander.pid as number)).toBe(true);
  });

  it('succeeds when nothing is running', async () => {
    const { code, output } = await stack.run(['stop']);
    expect(code).toBe(0);
    expect(output).toContain('Nothing is running.');
    expect((await stack.run(['status'])).output).toContain('Nothing is running.');
  });
});

describe('npm run reset', () => {
  /** Runs the command in a pseudo terminal with the reply as input. */
  const inTerminal = async (reply: string): Promise<string> =>
    bash(
      `export XEROTIER_HOME='${stack.home}'; (sleep 3; printf '${reply}') | script -qec 'npm run reset; echo "exit $?"' /dev/null`,
    );

  it('removes nothing without a terminal, and names the option --yes', async () => {
    const { code, output } = await stack.run(['reset']);
    expect(code).toBe(1);
    expect(output).toContain('npm run reset -- --yes');
    expect(existsSync(stack.path('credentials.json'))).toBe(true);
  });

  it.each(['n\\n', '\\n', 'yeah no\\n'])('asks for confirmation, and aborts for %j', async (reply) => {
    const output = await inTerminal(reply);
    expect(output).toContain(`This removes all data, keys and logs in ${stack.home}. Go on? [y/N]`);
    expect(output).toContain('Nothing was removed.');
    expect(output).toContain('exit 1');
    expect(existsSync(stack.path('credentials.json'))).toBe(true);
  });

  it('rejects unknown options', async () => {
    const { code, output } = await stack.run(['reset', '--force']);
    expect(code).toBe(1);
    expect(output).toContain("Unknown argument '--force'");
    expect(existsSync(stack.path('credentials.json'))).toBe(true);
  });

  it('keeps files that the stack did not create, and lists them', async () => {
    await writeFile(stack.path('thesis.txt'), 'mine');
    const { code, output } = await stack.run(['reset', '-y']);
    expect(code).toBe(0);
    expect(output).toContain('kept: thesis.txt');
    expect(await readFile(stack.path('thesis.txt'), 'utf8')).toBe('mine');
    expect(existsSync(stack.path('credentials.json'))).toBe(false);
  });

  it('removes the folder with all data and keys after confirmation', async () => {
    await mkdir(stack.path('servers', 'nats'), { recursive: true });
    await writeFile(stack.path('credentials.json'), '{}');
    await run('rm', [stack.path('thesis.txt')]);
    expect(await inTerminal('y\\n')).toContain('exit 0');
    expect(existsSync(stack.home)).toBe(false);
  });

  it('succeeds when there is nothing to remove', async () => {
    const { code, output } = await stack.run(['reset', '--yes']);
    expect(code).toBe(0);
    expect(output).toContain('Nothing to remove');
  });
});
