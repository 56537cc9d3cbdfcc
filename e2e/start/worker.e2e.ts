/** `npm run worker`: an additional worker for a running stack, with its own endpoint, which leaves no process behind. */
import { projectRoot } from '@xerotier/dev';
import { eventually } from '@xerotier/testing';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onlyInChaos } from '../support/chaos.ts';
import { bash, curlCommandOf, embeddedStack, START_TIMEOUT_MS } from '../support/embedded-stack.ts';
import { isAlive } from '../support/npm-command.ts';
import type { NpmCommand } from '../support/npm-command.ts';

const MODEL_FILE = 'tools/bundled-models/models/xero-tiny.gguf';
const WORKER_TIMEOUT_MS = 60_000;

const stack = embeddedStack();
let upstream: Server;
let upstreamUrl = '';

const workerWith = (...args: string[]): NpmCommand =>
  stack.command(['run', 'worker', '--', ...args], { INIT_CWD: projectRoot });

beforeAll(async () => {
  // A server that lists a model and always returns the same completion.
  upstream = createServer((request, response) => {
    const reply = request.url?.endsWith('/models')
      ? { object: 'list', data: [{ id: 'org/Upstream.1', object: 'model', max_model_len: 4_096 }] }
      : {
          ...{ id: 'x', object: 'chat.completion', created: 1, model: 'org/Upstream.1' },
          choices: [{ index: 0, message: { role: 'assistant', content: 'from upstream' }, finish_reason: 'stop' }],
          usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 },
        };
    response.setHeader('content-type', 'application/json').end(JSON.stringify(reply));
  });
  upstream.listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  upstreamUrl = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}/v1`;
});
afterAll(() => new Promise((resolve) => upstream.close(resolve)));

describe('without a stack', () => {
  it('fails with a hint how to start one', async () => {
    const worker = workerWith('--model', MODEL_FILE);
    expect(await worker.exited).toBe(1);
    expect(worker.output).toContain(`No stack is running in ${stack.home}. Start one with npm start`);
  });

  it.each([
    [[], 'Expected one of --model and --upstream'],
    [['--model', 'missing.gguf'], `--model: ${projectRoot}/missing.gguf does not exist.`],
    [['--modle', 'x'], "'--modle'"],
  ])('fails for %j with a message and the usage', async (args, message) => {
    const worker = workerWith(...args);
    expect(await worker.exited).toBe(2);
    expect(worker.output).toContain(message);
    expect(worker.output).toContain('npm run worker -- --model FILE | --upstream URL');
  });
});

describe('with a running stack', () => {
  beforeAll(async () => {
    await stack.start(['--detach']);
  }, START_TIMEOUT_MS);

  it(
    '--model: serves the model under its name at a new endpoint, and prints a curl command',
    async () => {
      const worker = workerWith('--model', MODEL_FILE, '--name', 'My.model', '--threads', '1');
      await worker.prints("at the endpoint 'my-model'", WORKER_TIMEOUT_MS);
      await worker.prints('max_tokens', 1_000);
      const completion = JSON.parse(await bash(curlCommandOf(worker).replace('curl ', 'curl -sS '))) as {
        model: string;
      };
      expect(completion).toMatchObject({ object: 'chat.completion', model: 'My.model' });
      expect((await stack.run(['status'])).output).toMatch(/worker-My-model +pid \d+ \(npm run worker\)/);
      expect((await stack.run(['logs', 'worker-My-model'])).output).toContain('started');
      worker.interrupt();
      await worker.exited;
      expect((await stack.run(['status'])).output).not.toContain('worker-My-model');
    },
    2 * WORKER_TIMEOUT_MS,
  );

  it(
    '--upstream: uses the model name of the upstream, and does not affect the bundled endpoints',
    async () => {
      const worker = workerWith('--upstream', upstreamUrl, '--slots', '2');
      await worker.prints("at the endpoint 'org-upstream-1'", WORKER_TIMEOUT_MS);
      await worker.prints('max_tokens', 1_000);
      const reply = await bash(curlCommandOf(worker).replace('curl ', 'curl -sS '));
      expect(reply).toContain('from upstream');
      const api = await stack.api();
      const { body } = await api.chat({
        model: 'xero-tiny',
        messages: [{ role: 'user', content: 'Hello' }],
        max_tokens: 1,
      });
      expect(body.model).toBe('xero-tiny');
      const taken = workerWith('--upstream', upstreamUrl, '--endpoint', 'chat');
      expect(await taken.exited).toBe(2);
      expect(taken.output).toContain("'chat' belongs to a bundled model");
      worker.interrupt();
      await worker.exited;
    },
    2 * WORKER_TIMEOUT_MS,
  );

  /** Returns the process ids from npm down to the worker; each is the child of the previous one. */
  function processChain(pid: number): number[] {
    const table = execFileSync('ps', ['-eo', 'pid=,ppid='], { encoding: 'utf8' });
    const rows = table
      .trim()
      .split('\n')
      .map((row) => row.trim().split(/\s+/).map(Number));
    const chain = [pid];
    for (;;) {
      const child = rows.find(([, parent]) => parent === chain.at(-1))?.[0];
      if (child === undefined) return chain;
      chain.push(child);
    }
  }

  it.each<[NodeJS.Signals, string, number]>([
    ['SIGINT', 'npm', 0],
    ['SIGKILL', 'the bootstrap', -3],
    ['SIGTERM', 'the command', -2],
    ['SIGKILL', 'the worker', -1],
    ...onlyInChaos<[NodeJS.Signals, string, number]>(
      ['SIGTERM', 'npm', 0],
      ['SIGHUP', 'npm', 0],
      ['SIGKILL', 'npm', 0],
      ['SIGTERM', 'the bootstrap', -3],
      ['SIGHUP', 'the bootstrap', -3],
      ['SIGINT', 'the bootstrap', -3],
      ['SIGHUP', 'the command', -2],
      ['SIGINT', 'the command', -2],
      ['SIGKILL', 'the command', -2],
      ['SIGTERM', 'the worker', -1],
    ),
  ])(
    'leaves no process behind after %s to %s',
    async (signal, _, at) => {
      const worker = workerWith('--upstream', upstreamUrl);
      await worker.prints('Ctrl-C stops it', WORKER_TIMEOUT_MS);
      const chain = processChain(worker.pid);
      expect(chain.length).toBeGreaterThanOrEqual(4);
      process.kill(chain.at(at) as number, signal);
      await eventually('all processes have exited', () => chain.filter(isAlive).length === 0, 30_000);
      if (at === -1) expect(await worker.exited).toBe(signal === 'SIGKILL' ? 137 : 0);
    },
    2 * WORKER_TIMEOUT_MS,
  );

  it(
    'exits with the exit code and the output of a worker that cannot start',
    async () => {
      const broken = stack.path('broken.gguf');
      await bash(`head -c 100000 '${projectRoot}/${MODEL_FILE}' > '${broken}'`);
      const worker = workerWith('--model', broken);
      expect(await worker.exited).toBe(1);
      expect(worker.output).toContain('startup failed');
      expect(worker.output).toContain('The worker exited (code 1).');
      expect(worker.output).not.toContain('at the endpoint');
    },
    WORKER_TIMEOUT_MS,
  );
});
