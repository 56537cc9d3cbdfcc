import { generateApiKey, hasValidChecksum } from '@xerotier/api-keys';
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../run-program.ts';

/** A fake service: stores its document and arguments, and responds like auth. */
const SERVICE = `
import { appendFileSync } from 'node:fs';
const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
appendFileSync(new URL('../calls.jsonl', import.meta.url), JSON.stringify({ args: process.argv.slice(2), document: JSON.parse(Buffer.concat(chunks)) }) + '\\n');
const ended = (process.env.ENDED ?? '').split(' ');
const { keys = [] } = JSON.parse(Buffer.concat(chunks));
const endedKeys = keys.filter(({ value }) => ended.includes(value)).map(({ name }) => name);
if (endedKeys.length > 0) { console.log(JSON.stringify({ endedKeys })); process.exit(1); }
if (process.env.REJECT === 'yes') { console.error('no such tier'); process.exit(1); }
console.log('{"projectId":"proj_ABC123"}');
`;

interface Call {
  readonly args: readonly string[];
  readonly document: { readonly keys: readonly { readonly value: string }[] };
}

describe('deploy/seed.mjs', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'seed-'));
    for (const app of ['auth', 'router']) {
      await mkdir(join(folder, 'apps', app, 'dist'), { recursive: true });
      await writeFile(join(folder, 'apps', app, 'package.json'), '{"type":"module"}');
      await writeFile(join(folder, 'apps', app, 'dist/main.js'), SERVICE);
    }
  });

  afterEach(() => rm(folder, { recursive: true }));

  const seed = (
    env: Readonly<Record<string, string>> = {},
    ...args: string[]
  ): Promise<{ code: number | null; out: string; err: string }> => {
    const child = spawn(process.execPath, [join(projectRoot, 'deploy/seed.mjs'), ...args], {
      cwd: folder,
      env: {
        NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
        SEED_STATE_DIR: folder,
        SEED_MODEL_ID: 'tiny',
        ...env,
      },
    });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk) => (out += String(chunk)));
    child.stderr.on('data', (chunk) => (err += String(chunk)));
    return new Promise((done) => child.once('close', (code) => done({ code, out, err })));
  };

  const callsOf = async (app: string): Promise<Call[]> =>
    (await readFile(join(folder, 'apps', app, 'calls.jsonl'), 'utf8').catch(() => ''))
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Call);

  it('passes each service its part on standard input, and prints a key with an example', async () => {
    const { code, out } = await seed({ SEED_PUBLIC_URL: 'https://ai.example/' });
    expect(code).toBe(0);
    const key = /^export XEROTIER_API_KEY=(\S+)$/m.exec(out)?.[1] ?? '';
    expect(hasValidChecksum(key)).toBe(true);
    expect(out).toContain('curl https://ai.example/proj_ABC123/chat/v1/chat/completions');
    expect(await callsOf('router')).toEqual([
      { args: ['seed'], document: { models: [{ id: 'tiny', name: 'tiny', ownedBy: 'local', contextTokens: 4_096 }] } },
    ]);
    expect(await callsOf('auth')).toMatchObject([
      {
        args: ['seed'],
        document: {
          project: { name: 'Demo', slug: 'demo' },
          endpoints: [{ slug: 'chat', modelId: 'tiny', tier: 'self_hosted' }],
          keys: [{ scopes: ['inference'], value: key }],
        },
      },
    ]);
  });

  it('does nothing the second time, and does not print the key again', async () => {
    await seed();
    const { code, out } = await seed();
    expect(code).toBe(0);
    expect(out).toContain('nothing to do');
    expect(out).not.toContain('xero_');
    expect(await callsOf('auth')).toHaveLength(1);
  });

  it('seeds again with the command again, for a recreated database', async () => {
    await seed();
    await seed({}, 'again');
    const [first, second] = await callsOf('auth');
    expect(second).toEqual(first);
  });

  it('adds a second endpoint with the same keys', async () => {
    await seed();
    const { out } = await seed({ SEED_ENDPOINT_SLUG: 'gpu', SEED_MODEL_ID: 'big' });
    const [first, second] = await callsOf('auth');
    expect(second?.document).toMatchObject({
      endpoints: [{ slug: 'gpu', modelId: 'big' }],
      keys: first?.document.keys,
    });
    expect(out).not.toContain('xero_');
    expect((await seed()).out).toContain('nothing to do');
  });

  it('adds an endpoint for another task, with an example', async () => {
    await seed();
    const { out } = await seed({ SEED_ENDPOINT_SLUG: 'embed', SEED_ENDPOINT_TASK: 'embed', SEED_MODEL_ID: 'vectors' });
    expect((await callsOf('auth')).map(({ document }) => document)).toMatchObject([
      { endpoints: [{ slug: 'chat', task: 'generate' }] },
      { endpoints: [{ slug: 'embed', modelId: 'vectors', task: 'embed' }] },
    ]);
    expect(out).toContain('/proj_ABC123/embed/v1/embeddings');
    expect((await seed({ SEED_ENDPOINT_TASK: 'dance' })).err).toContain('SEED_ENDPOINT_TASK');
  });

  it('uses a given key, and does not print it', async () => {
    const key = generateApiKey('demo');
    const { code, out } = await seed({ SEED_API_KEY: key });
    expect(code).toBe(0);
    expect(out).not.toContain('xero_');
    expect((await callsOf('auth'))[0]?.document.keys[0]?.value).toBe(key);
  });

  it.each(['secret', generateApiKey('other')])(
    'rejects %p, which is not a key of the project, without printing it',
    async (key) => {
      const { code, out, err } = await seed({ SEED_API_KEY: key });
      expect(code).toBe(1);
      expect(err).toContain('SEED_API_KEY is not a key of the project demo');
      expect(out + err).not.toContain(key);
      expect(await callsOf('auth')).toEqual([]);
    },
  );

  it('fails with a service without printing the key, which the next run prints', async () => {
    const failed = await seed({ REJECT: 'yes' });
    expect(failed.code).toBe(1);
    expect(failed.err).toMatch(/no such tier[\s\S]*the router service failed/);
    expect(failed.out).not.toContain('xero_');
    expect((await seed()).out).toMatch(/export XEROTIER_API_KEY=xero_demo_/);
  });

  it('replaces a key that was revoked or rotated, and prints the new one', async () => {
    const ended = /XEROTIER_API_KEY=(\S+)/.exec((await seed()).out)?.[1] ?? '';
    const { code, out } = await seed({ SEED_MODEL_ID: 'big', ENDED: ended });
    expect(code).toBe(0);
    expect(out).toContain("the key 'demo inference' was revoked or rotated");
    const made = /XEROTIER_API_KEY=(\S+)/.exec(out)?.[1] ?? '';
    expect(hasValidChecksum(made)).toBe(true);
    expect(made).not.toBe(ended);
    const [first, rejected, last] = (await callsOf('auth')).map(({ document }) =>
      document.keys.map(({ value }) => value),
    );
    expect(rejected).toEqual(first);
    expect(last).toEqual([made]);
    expect(JSON.parse((await seed({}, 'show')).out)).toMatchObject({ apiKey: made });
    expect((await seed({ SEED_MODEL_ID: 'big', ENDED: ended })).out).toContain('nothing to do');
  });

  it('does not replace a given key, and does not print it', async () => {
    const key = generateApiKey('demo');
    const { code, out, err } = await seed({ SEED_API_KEY: key, ENDED: key });
    expect(code).toBe(1);
    expect(err).toContain('SEED_API_KEY was revoked or rotated');
    expect(out + err).not.toContain(key);
  });

  it('stores keys readable by the user only, and prints them with the command show', async () => {
    await seed();
    const file = join(folder, 'keys-demo.json');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const shown: unknown = JSON.parse((await seed({}, 'show')).out);
    expect(shown).toEqual(JSON.parse(await readFile(file, 'utf8')));
    expect(shown).toEqual({ apiKey: expect.stringMatching(/^xero_demo_/) });
  });

  it('reports missing settings and unknown commands', async () => {
    expect(await seed({ SEED_MODEL_ID: '' })).toMatchObject({
      code: 1,
      err: expect.stringMatching('SEED_MODEL_ID is not set'),
    });
    expect(await seed({}, 'show')).toMatchObject({ code: 1, err: expect.stringMatching('No keys were generated yet') });
    expect(await seed({}, 'shwo')).toMatchObject({ code: 1, err: expect.stringMatching("'again' or 'show'") });
  });
});
