/** `npm run worker`: one more worker beside a running stack, with an endpoint, and no process left behind. */
import { projectRoot } from '@xerotier/dev';
import { eventually } from '@xerotier/testing';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { bash, curlOf, embeddedStack, START_TIMEOUT_MS } from '../support/embedded-stack.ts';
import { isAlive } from '../support/npm-command.ts';
import type { NpmCommand } from '../support/npm-command.ts';

const MODEL_FILE = 'tools/box-model/models/xero-tiny.gguf';
const WORKER_TIMEOUT_MS = 60_000;

const stack = embeddedStack();
let upstream: Server;
let upstreamUrl = '';

const workerWith = (...args: string[]): NpmCommand =>
  stack.command(['run', 'worker', '--', ...args], { INIT_CWD: projectRoot });

beforeAll(async () => {
  // A server that lists a model and answers one question.
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
  it('says so, and how one is started', async () => {
    const worker = workerWith('--model', MODEL_FILE);
    expect(await worker.exited).toBe(1);
    expect(worker.output).toContain(`No stack is running in ${stack.home}. Start one with npm start`);
  });

  it.each([
    [[], 'Say one of --model and --upstream'],
    [['--model', 'missing.gguf'], `--model: there is no ${projectRoot}/missing.gguf.`],
    [['--modle', 'x'], "'--modle'"],
  ])('says what is wrong with %j, and how it is called', async (args, message) => {
    const worker = workerWith(...args);
    expect(await worker.exited).toBe(2);
    expect(worker.output).toContain(message);
    expect(worker.output).toContain('npm run worker -- --model FILE | --upstream URL');
  });
});

describe('beside a stack', () => {
  beforeAll(async () => {
    await stack.start(['--detach']);
  }, START_TIMEOUT_MS);

  it(
    'with a file: serves the model under its name at an endpoint of its own, with a line that can be pasted',
    async () => {
      const worker = workerWith('--model', MODEL_FILE, '--name', 'My.model', '--threads', '1');
      await worker.says("at the endpoint 'my-model'", WORKER_TIMEOUT_MS);
      await worker.says('max_tokens', 1_000);
      const completion = JSON.parse(await bash(curlOf(worker).replace('curl ', 'curl -sS '))) as { model: string };
      expect(completion).toMatchObject({ object: 'chat.completion', model: 'My.model' });
      expect((await stack.npm(['run', 'status'])).output).toMatch(/worker-My-model +pid \d+ \(npm run worker\)/);
      expect((await stack.npm(['run', '-s', 'logs', '--', 'worker-My-model'])).output).toContain('started');
      worker.interrupt();
      await worker.exited;
      expect((await stack.npm(['run', 'status'])).output).not.toContain('worker-My-model');
    },
    2 * WORKER_TIMEOUT_MS,
  );

  it(
    'with a server: takes the name from it, and leaves the endpoints of the box alone',
    async () => {
      const worker = workerWith('--upstream', upstreamUrl, '--slots', '2');
      await worker.says("at the endpoint 'org-upstream-1'", WORKER_TIMEOUT_MS);
      await worker.says('max_tokens', 1_000);
      const reply = await bash(curlOf(worker).replace('curl ', 'curl -sS '));
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
      expect(taken.output).toContain("'chat' belongs to a model in the box");
      worker.interrupt();
      await worker.exited;
    },
    2 * WORKER_TIMEOUT_MS,
  );

  /** From npm down to the worker itself: each one is the child of the one before it. */
  function chainOf(pid: number): number[] {
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
    ['SIGTERM', 'npm', 0],
    ['SIGHUP', 'npm', 0],
    ['SIGINT', 'npm', 0],
    ['SIGKILL', 'npm', 0],
    ['SIGTERM', 'the bootstrap', -3],
    ['SIGHUP', 'the bootstrap', -3],
    ['SIGINT', 'the bootstrap', -3],
    ['SIGKILL', 'the bootstrap', -3],
    ['SIGTERM', 'the command', -2],
    ['SIGHUP', 'the command', -2],
    ['SIGINT', 'the command', -2],
    ['SIGKILL', 'the command', -2],
    ['SIGTERM', 'the worker', -1],
    ['SIGKILL', 'the worker', -1],
  ])(
    'leaves no process behind after %s to %s',
    async (signal, _, at) => {
      const worker = workerWith('--upstream', upstreamUrl);
      await worker.says('Ctrl-C ends it', WORKER_TIMEOUT_MS);
      const chain = chainOf(worker.pid);
      expect(chain.length).toBeGreaterThanOrEqual(4);
      process.kill(chain.at(at) as number, signal);
      await eventually('all of them are gone', () => chain.filter(isAlive).length === 0, 30_000);
      if (at === -1) expect(await worker.exited).toBe(signal === 'SIGKILL' ? 137 : 0);
    },
    2 * WORKER_TIMEOUT_MS,
  );

  it(
    'ends with the exit code and the words of a worker that cannot start',
    async () => {
      const broken = stack.path('broken.gguf');
      await bash(`head -c 100000 '${projectRoot}/${MODEL_FILE}' > '${broken}'`);
      const worker = workerWith('--model', broken);
      expect(await worker.exited).toBe(1);
      expect(worker.output).toContain('could not start');
      expect(worker.output).toContain('The worker ended (code 1).');
      expect(worker.output).not.toContain('at the endpoint');
    },
    WORKER_TIMEOUT_MS,
  );
});
