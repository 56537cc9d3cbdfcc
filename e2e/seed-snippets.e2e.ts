/** The programs of the product's own documents, run as a reader would: only address, project, key and model are exchanged. */
import { boxPlatform, projectRoot } from '@xerotier/dev';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { startNameProxy } from './support/name-proxy.ts';
import { hasProgram, runProgram } from './support/program.ts';
import type { ProgramEnd } from './support/program.ts';
import { preparePython, pythonPath } from './support/python.ts';
import { testPlatform } from './support/test-platform.ts';

const folder = join(import.meta.dirname, 'fixtures/seed-snippets');

interface Snippet {
  /** Where it is; several are one program, the later ones going on where the first ends. */
  readonly files: readonly [string, ...string[]];
  /** What the program says on standard output. */
  readonly says: RegExp;
  /** Lines at the end, for a snippet that defines or computes something and shows nothing. */
  readonly then?: string;
  /** A key instead of the right one. */
  readonly key?: string;
  /** Another name for the model. */
  readonly model?: string;
  /** Default 0. */
  readonly code?: number;
}

const PARIS = /The capital of France is Paris\./;
const HELLO = /^Hello/m;
const JSON_HELLO = /"message":\{"role":"assistant","content":"Hello/;
const JSON_PARIS = /"message":\{"role":"assistant","content":"The capital of France is Paris\./;
const EVENTS = /^data: \{.*"delta":\{"role":"assistant".*\}\n\n(data: \{.*\}\n\n)+data: \[DONE\]\n/;
const POEM = /\w+ \w+/;
const DETAILS =
  /^Hello.*\nService tier: self_hosted\nSystem fingerprint: fp_\w+\nCached tokens: \d+\nReasoning tokens: \d+\n$/;

const print = 'print(response.choices[0].message.content)';
const log = 'console.log(response.choices[0].message.content);';

const snippets: readonly Snippet[] = [
  { files: ['001-hello.py'], then: print, says: HELLO },
  { files: ['001-hello.mjs'], then: log, says: HELLO },
  { files: ['001-hello.sh'], says: JSON_HELLO },
  { files: ['001-first-request.py'], says: PARIS },
  { files: ['001-first-request.mjs'], says: PARIS },
  { files: ['001-first-request.sh'], says: JSON_PARIS },
  { files: ['001-streaming.py'], says: PARIS },
  { files: ['001-streaming.mjs'], says: PARIS },
  { files: ['001-streaming.sh'], says: EVENTS },
  { files: ['002-migrate.py'], then: print, says: HELLO },
  { files: ['002-basic.py'], says: DETAILS },
  { files: ['002-basic.mjs'], says: DETAILS },
  { files: ['002-basic.sh'], says: JSON_HELLO },
  {
    files: ['002-basic.go', '002-typed-response.go'],
    says: /"content":"Hello.*\nRequest ID: req_\w+\nWorker ID: \w+.*\nTier: self_hosted Tokens: \d+\n/,
  },
  { files: ['002-basic.py', '002-slo-headers.py'], then: print, says: /\nReasoning tokens: \d+\nHello/ },
  { files: ['002-basic.mjs', '002-slo-headers.mjs'], then: log, says: /\nReasoning tokens: \d+\nHello/ },
  { files: ['002-slo-headers.sh'], says: JSON_HELLO },
  { files: ['002-streaming.sh'], says: EVENTS },
  { files: ['002-response-headers.sh'], says: /x-request-id: req_\w+[\s\S]*x-xerotier-worker-id: \w+/i },
  { files: ['002-langchain.py'], says: /The capital of France is Paris\.\n\w+/ },
  { files: ['002-llama-index.py'], model: 'gpt-4o-mini', says: PARIS },
  { files: ['003-chat.sh'], says: JSON_PARIS },
  { files: ['003-chat-dns.sh'], says: JSON_PARIS },
  { files: ['003-list-models.sh'], says: /"id":"xero-tiny","object":"model"/ },
  { files: ['004-streaming.py'], says: POEM },
  { files: ['004-streaming-dns.py'], says: POEM },
  { files: ['004-streaming.mjs'], says: POEM },
  {
    files: ['004-rate-limits.py'],
    then: `response = make_request_with_retry([{"role": "user", "content": "Hello!"}])\n${print}`,
    says: HELLO,
  },
  { files: ['004-errors.py'], then: print, says: HELLO },
  { files: ['004-errors-dns.py'], then: print, says: HELLO },
  { files: ['004-errors-dns.py'], key: 'xero_myproject_your_api_key', says: /^API error: .*API key/ },
  { files: ['004-errors.py'], key: 'xero_myproject_your_api_key', says: /^API error: .*API key/ },
  { files: ['004-errors.mjs'], then: `const response = await makeRequest();\n${log}`, says: HELLO },
  {
    files: ['004-errors.mjs'],
    then: 'await makeRequest();',
    key: 'xero_myproject_your_api_key',
    says: /^Invalid API key$/m,
    code: 1,
  },
];

const newest = await preparePython('requirements.txt');
const llamaIndex = await preparePython('requirements-llama-index.txt');
/** What this machine lacks for a kind of file. */
const lacking: Readonly<Record<string, string | undefined>> = {
  '.sh': (await hasProgram('curl', '--version')) ? undefined : 'there is no curl',
  '.go': (await hasProgram('go', 'version')) ? undefined : 'there is no go',
  '.py': newest.missing ?? llamaIndex.missing,
};
for (const reason of new Set(Object.values(lacking)))
  if (reason !== undefined) process.stderr.write(`\n  !! Snippets are SKIPPED on this machine: ${reason}\n\n`);

/** No DNS server knows it: programs that write it get there through {@link proxy}. */
const DOMAIN = 'api.xerotier.test';

const test = testPlatform(() => ({ ...boxPlatform(), env: { PUBLIC_DOMAIN: DOMAIN } }));

let proxy: Awaited<ReturnType<typeof startNameProxy>>;
beforeAll(async () => {
  proxy = await startNameProxy(test.description.baseUrl);
});
afterAll(() => proxy.stop());

/** The whole program, with the platform under test in it. */
async function programOf({ files, then = '', key, model }: Snippet): Promise<string> {
  const [first, ...others] = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')));
  const more = `${others.join('')}${then}\n`;
  const joined: Readonly<Record<string, string>> = {
    // The second snippet declares names of the first one again.
    '.mjs': `${first}\n{\n${more}}\n`,
    // It belongs into the function.
    '.go': `${first?.replace(/\}\n$/, `${more}}\n`)}`,
  };
  const whole = joined[extname(files[0])] ?? `${first}${more}`;
  const { baseUrl, projectId, apiKey, model: ours, endpointSlug } = test.description;
  return whole
    .replaceAll('https://api.xerotier.ai', baseUrl)
    .replaceAll(/https:\/\/(.*?)\.api\.xerotier\.ai/g, `http://$1.${DOMAIN}`)
    .replaceAll('proj_ABC123', projectId)
    .replaceAll('my-endpoint', endpointSlug)
    .replaceAll(/xero_(?:myproject_your_api_key|YOUR_PROJECT_SLUG_YOUR_API_KEY)/g, key ?? apiKey)
    .replaceAll(/deepseek-r1-distill-llama-70b|YOUR_MODEL_NAME/g, model ?? ours);
}

const basicEnv = { PATH: process.env['PATH'], HOME: process.env['HOME'] };

async function run(file: string, program: string): Promise<ProgramEnd> {
  const env = { ...basicEnv, ...(program.includes(DOMAIN) && { http_proxy: proxy.url, no_proxy: '127.0.0.1' }) };
  switch (extname(file)) {
    case '.sh':
      return runProgram('sh', ['-s'], { env, input: program });
    case '.py':
      return runProgram(pythonPath(file.includes('llama-index') ? llamaIndex : newest), ['-'], { env, input: program });
    case '.mjs':
      // Packages are looked for from the working folder on.
      return runProgram(process.execPath, ['--input-type=module'], { env, input: program, cwd: import.meta.dirname });
    case '.go':
      return runGo(program);
    default:
      throw new Error(`nothing runs ${file}`);
  }
}

/** For the first time on a machine. */
const GO_TIMEOUT_MS = 400_000;

/** Go reads files only. What it compiles of its own library is kept: that takes longest. */
async function runGo(program: string): Promise<ProgramEnd> {
  const cache = join(projectRoot, '.cache', 'go');
  await mkdir(cache, { recursive: true });
  const file = join(cache, 'snippet.go');
  await writeFile(file, program);
  const goEnv = {
    ...basicEnv,
    GOCACHE: join(cache, 'build'),
    GOTOOLCHAIN: 'local',
    GOPROXY: 'off',
    GO111MODULE: 'off',
  };
  return runProgram('go', ['run', file], { env: goEnv, timeoutMs: GO_TIMEOUT_MS });
}

describe('a program of the documents', () => {
  for (const snippet of snippets) {
    const [file] = snippet.files;
    const reason = lacking[extname(file)];
    const thisTest = reason === undefined ? it : it.skip; // reason: a machine may have no curl, Go or Python, and says so
    const name = `${snippet.files.join(' and ')}${snippet.key === undefined ? '' : ', with a wrong key'}`;
    thisTest(
      `does what it says: ${name}${reason === undefined ? '' : ` [skipped: ${reason}]`}`,
      async () => {
        const { code, stdout, stderr } = await run(file, await programOf(snippet));
        expect({ code, stdout, stderr }).toEqual({
          code: snippet.code ?? 0,
          stdout: expect.stringMatching(snippet.says),
          stderr: expect.any(String),
        });
      },
      GO_TIMEOUT_MS,
    );
  }

  it('is here, whichever it is', async () => {
    const there = (await readdir(folder)).filter((file) => file !== 'README.md').sort();
    expect([...new Set(snippets.flatMap(({ files }) => files))].sort()).toEqual(there);
  });
});
