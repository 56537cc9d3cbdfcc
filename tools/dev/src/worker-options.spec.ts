import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { workerOptions } from './worker-options.ts';
import type { WorkerOptions } from './worker-options.ts';

let folder: string;
let server: Server;
let url: string;
/** The response to /models, and the received key. */
let models: { status: number; body: unknown };
let key: string | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'xerotier-worker-'));
  await writeFile(join(folder, 'My Model_v2.Q4.gguf'), Buffer.from('GGUF\x03\0\0\0rest', 'latin1'));
  await writeFile(join(folder, 'old.gguf'), Buffer.from('GGUF\x63\0\0\0rest', 'latin1'));
  await writeFile(join(folder, 'text.gguf'), 'not a model');
  await writeFile(join(folder, 'empty.gguf'), '');
  server = createServer((request, response) => {
    key = request.headers.authorization;
    response.writeHead(models.status, { 'content-type': 'application/json' }).end(JSON.stringify(models.body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
});
afterAll(async () => {
  server.close();
  await rm(folder, { recursive: true });
});
beforeEach(() => {
  models = { status: 200, body: { data: [{ id: 'org/First' }, { id: 'second' }] } };
});

const read = (args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<WorkerOptions | 'help'> =>
  workerOptions(args, { cwd: folder, env, taken: ['chat', 'embed'] });

describe('workerOptions', () => {
  it('derives id, name and endpoint from a file name, relative to the working directory', async () => {
    expect(await read(['--model', 'My Model_v2.Q4.gguf'])).toEqual({
      modelId: 'My-Model_v2-Q4',
      name: 'My Model_v2.Q4',
      task: 'generate',
      endpoint: 'my-model-v2-q4',
      env: { XIM_ENGINE: 'llama', XIM_MODEL_PATH: join(folder, 'My Model_v2.Q4.gguf'), XIM_TASK: 'generate' },
    });
  });

  it('uses given options instead', async () => {
    const args = ['--model', 'My Model_v2.Q4.gguf', '--model-name', 'org/x', '--endpoint', 'mine', '--task', 'embed'];
    expect(await read([...args, '--slots', '8', '--context', '2048', '--threads', '2'])).toMatchObject({
      ...{ modelId: 'org-x', name: 'org/x', endpoint: 'mine', task: 'embed' },
      env: { XIM_TASK: 'embed', XIM_SLOTS: '8', XIM_CONTEXT_TOKENS: '2048', XIM_THREADS: '2' },
    });
  });

  it('requests the first model of a server, with the key', async () => {
    expect(await read(['--upstream', url], { XIM_UPSTREAM_KEY: 'secret' })).toEqual({
      ...{ modelId: 'org-First', name: 'org/First', task: 'generate', endpoint: 'org-first' },
      env: { XIM_ENGINE: 'openai', XIM_UPSTREAM_URL: url, XIM_TASK: 'generate' },
    });
    expect(key).toBe('Bearer secret');
  });

  it('does not contact a server whose model is named', async () => {
    models = { status: 500, body: {} };
    expect(await read(['--upstream', url, '--name', 'mine', '--upstream-model', 'theirs'])).toMatchObject({
      name: 'mine',
      env: { XIM_UPSTREAM_MODEL: 'theirs' },
    });
    expect(await read(['--upstream', url], { XIM_UPSTREAM_MODEL: 'theirs' })).toMatchObject({ name: 'theirs' });
  });

  it.each<[unknown, string]>([
    [{ status: 404, body: {} }, 'returned 404'],
    [{ status: 200, body: { data: [] } }, 'lists no model'],
    [{ status: 200, body: 'x' }, 'lists no model'],
  ])('explains what to do when /models returns %j', async (reply, reason) => {
    models = reply as typeof models;
    await expect(read(['--upstream', url])).rejects.toThrow(
      `${url}/models ${reason}; set the name of the model: --name`,
    );
  });

  it('creates no endpoint with --no-endpoint', async () => {
    expect(await read(['--upstream', url, '--no-endpoint'])).toMatchObject({ endpoint: undefined });
  });

  it.each(['-h', '--help'])('accepts %s', async (arg) => {
    expect(await read([arg])).toBe('help');
  });

  const file = ['--model', 'My Model_v2.Q4.gguf'];
  it.each<[string[], string]>([
    [[], 'Expected one of --model and --upstream.'],
    [[...file, '--upstream', 'http://x'], 'Expected one of --model and --upstream.'],
    [['--model', 'no.gguf'], 'no.gguf does not exist'],
    [['--model', 'text.gguf'], 'is not a GGUF file'],
    [['--model', 'empty.gguf'], 'is not a GGUF file'],
    [['--model', 'old.gguf'], 'has an unknown GGUF version (99)'],
    [['--model', '.'], 'cannot be read (EISDIR)'],
    [['--upstream', 'localhost:8000'], "--upstream is 'localhost:8000'"],
    [[...file, '--task', 'dance'], "--task is 'dance': expected one of generate, "],
    [[...file, '--task', 'speak'], '--task speak needs a server'],
    [[...file, '--endpoint', 'Not a slug'], "--endpoint is 'Not a slug': it must be 1 to 63 lowercase letters"],
    [[...file, '--endpoint', 'chat'], "'chat' belongs to a bundled model"],
    [[...file, '--name', '///'], "--name is '///'"],
    [[...file, '--slots', '0'], "--slots is '0': expected a positive integer"],
    [[...file, '--slots', 'many'], "--slots is 'many'"],
    [[...file, '--key', 'secret'], "'--key'"],
    [[...file, 'more'], "'more'"],
  ])('rejects %j', async (args, message) => {
    const failing = read(args);
    await expect(failing).rejects.toThrow(message);
    await expect(failing).rejects.toThrow('npm run worker -- --model FILE | --upstream URL');
  });
});
