/** Runs the programs of the product documentation verbatim: only base URL, project, API key and model are replaced. */
import { bundledPlatform, projectRoot } from '@xerotier/dev';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { startNameProxy } from './support/name-proxy.ts';
import { hasProgram, runProgram } from './support/program.ts';
import type { ProgramResult } from './support/program.ts';
import { preparePython, pythonPath } from './support/python.ts';
import { testPlatform } from './support/test-platform.ts';

const folder = join(import.meta.dirname, 'fixtures/documented-snippets');

interface Snippet {
  /** Several files are one program: each continues the previous one. */
  readonly files: readonly [string, ...string[]];
  /** The expected standard output. */
  readonly prints: RegExp;
  /** Appended code, for a snippet that prints nothing itself. */
  readonly appended?: string;
  /** An API key in place of the valid one. */
  readonly key?: string;
  /** A model name in place of the real one. */
  readonly model?: string;
  /** The expected exit code; default 0. */
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
  { files: ['getting-started-hello.py'], appended: print, prints: HELLO },
  { files: ['getting-started-hello.mjs'], appended: log, prints: HELLO },
  { files: ['getting-started-hello.sh'], prints: JSON_HELLO },
  { files: ['getting-started-first-request.py'], prints: PARIS },
  { files: ['getting-started-first-request.mjs'], prints: PARIS },
  { files: ['getting-started-first-request.sh'], prints: JSON_PARIS },
  { files: ['getting-started-streaming.py'], prints: PARIS },
  { files: ['getting-started-streaming.mjs'], prints: PARIS },
  { files: ['getting-started-streaming.sh'], prints: EVENTS },
  { files: ['sdk-migrate.py'], appended: print, prints: HELLO },
  { files: ['sdk-basic.py'], prints: DETAILS },
  { files: ['sdk-basic.mjs'], prints: DETAILS },
  { files: ['sdk-basic.sh'], prints: JSON_HELLO },
  {
    files: ['sdk-basic.go', 'sdk-typed-response.go'],
    prints: /"content":"Hello.*\nRequest ID: req_\w+\nWorker ID: \w+.*\nTier: self_hosted Tokens: \d+\n/,
  },
  { files: ['sdk-basic.py', 'sdk-slo-headers.py'], appended: print, prints: /\nReasoning tokens: \d+\nHello/ },
  { files: ['sdk-basic.mjs', 'sdk-slo-headers.mjs'], appended: log, prints: /\nReasoning tokens: \d+\nHello/ },
  { files: ['sdk-slo-headers.sh'], prints: JSON_HELLO },
  { files: ['sdk-streaming.sh'], prints: EVENTS },
  { files: ['sdk-response-headers.sh'], prints: /x-request-id: req_\w+[\s\S]*x-xerotier-worker-id: \w+/i },
  { files: ['sdk-langchain.py'], prints: /The capital of France is Paris\.\n\w+/ },
  { files: ['sdk-llama-index.py'], model: 'gpt-4o-mini', prints: PARIS },
  { files: ['api-reference-chat.sh'], prints: JSON_PARIS },
  { files: ['api-reference-chat-dns.sh'], prints: JSON_PARIS },
  { files: ['api-reference-list-models.sh'], prints: /"id":"xero-tiny","object":"model"/ },
  { files: ['usage-guides-streaming.py'], prints: POEM },
  { files: ['usage-guides-streaming-dns.py'], prints: POEM },
  { files: ['usage-guides-streaming.mjs'], prints: POEM },
  {
    files: ['usage-guides-rate-limits.py'],
    appended: `response = make_request_with_retry([{"role": "user", "content": "Hello!"}])\n${print}`,
    prints: HELLO,
  },
  { files: ['usage-guides-errors.py'], appended: print, prints: HELLO },
  { files: ['usage-guides-errors-dns.py'], appended: print, prints: HELLO },
  { files: ['usage-guides-errors-dns.py'], key: 'xero_myproject_your_api_key', prints: /^API error: .*API key/ },
  { files: ['usage-guides-errors.py'], key: 'xero_myproject_your_api_key', prints: /^API error: .*API key/ },
  { files: ['usage-guides-errors.mjs'], appended: `const response = await makeRequest();\n${log}`, prints: HELLO },
  {
    files: ['usage-guides-errors.mjs'],
    appended: 'await makeRequest();',
    key: 'xero_myproject_your_api_key',
    prints: /^Invalid API key$/m,
    code: 1,
  },
];

const newest = await preparePython('requirements.txt');
const llamaIndex = await preparePython('requirements-llama-index.txt');
/** The missing program by file extension. */
const missingPrograms: Readonly<Record<string, string | undefined>> = {
  '.sh': (await hasProgram('curl', '--version')) ? undefined : 'curl is not installed',
  '.go': (await hasProgram('go', 'version')) ? undefined : 'Go is not installed',
  '.py': newest.missing ?? llamaIndex.missing,
};
for (const reason of new Set(Object.values(missingPrograms)))
  if (reason !== undefined) process.stderr.write(`\n  !! Snippets are SKIPPED on this machine: ${reason}\n\n`);

/** Not in DNS: programs reach it through {@link proxy}. */
const DOMAIN = 'api.xerotier.test';

const test = testPlatform(() => ({ ...bundledPlatform(), env: { PUBLIC_DOMAIN: DOMAIN } }));

let proxy: Awaited<ReturnType<typeof startNameProxy>>;
beforeAll(async () => {
  proxy = await startNameProxy(test.description.baseUrl);
});
afterAll(() => proxy.stop());

/** Returns the program with base URL, project, API key and model of the platform under test. */
async function programOf({ files, appended = '', key, model }: Snippet): Promise<string> {
  const [first, ...others] = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')));
  const rest = `${others.join('')}${appended}\n`;
  const joined: Readonly<Record<string, string>> = {
    // The second snippet redeclares variables of the first one.
    '.mjs': `${first}\n{\n${rest}}\n`,
    // The second snippet belongs into the main function.
    '.go': `${first?.replace(/\}\n$/, `${rest}}\n`)}`,
  };
  const whole = joined[extname(files[0])] ?? `${first}${rest}`;
  const { baseUrl, projectId, apiKey, model: platformModel, endpointSlug } = test.description;
  return whole
    .replaceAll('https://api.xerotier.ai', baseUrl)
    .replaceAll(/https:\/\/(.*?)\.api\.xerotier\.ai/g, `http://$1.${DOMAIN}`)
    .replaceAll('proj_ABC123', projectId)
    .replaceAll('my-endpoint', endpointSlug)
    .replaceAll(/xero_(?:myproject_your_api_key|YOUR_PROJECT_SLUG_YOUR_API_KEY)/g, key ?? apiKey)
    .replaceAll(/deepseek-r1-distill-llama-70b|YOUR_MODEL_NAME/g, model ?? platformModel);
}

const basicEnv = { PATH: process.env['PATH'], HOME: process.env['HOME'] };

async function run(file: string, program: string): Promise<ProgramResult> {
  const env = { ...basicEnv, ...(program.includes(DOMAIN) && { http_proxy: proxy.url, no_proxy: '127.0.0.1' }) };
  switch (extname(file)) {
    case '.sh':
      return runProgram('sh', ['-s'], { env, input: program });
    case '.py':
      return runProgram(pythonPath(file.includes('llama-index') ? llamaIndex : newest), ['-'], { env, input: program });
    case '.mjs':
      // Packages are resolved from the working folder.
      return runProgram(process.execPath, ['--input-type=module'], { env, input: program, cwd: import.meta.dirname });
    case '.go':
      return runGo(program);
    default:
      throw new Error(`there is no interpreter for ${file}`);
  }
}

/** The first run compiles the standard library. */
const GO_TIMEOUT_MS = 400_000;

/** Go only runs files. The build cache is kept, since compiling the standard library takes longest. */
async function runGo(program: string): Promise<ProgramResult> {
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

describe('program of the product documentation', () => {
  for (const snippet of snippets) {
    const [file] = snippet.files;
    const reason = missingPrograms[extname(file)];
    const thisTest = reason === undefined ? it : it.skip; // reason: curl, Go or Python may not be installed
    const name = `${snippet.files.join(' and ')}${snippet.key === undefined ? '' : ', with an invalid API key'}`;
    thisTest(
      `prints the documented output: ${name}${reason === undefined ? '' : ` [skipped: ${reason}]`}`,
      async () => {
        const { code, stdout, stderr } = await run(file, await programOf(snippet));
        expect({ code, stdout, stderr }).toEqual({
          code: snippet.code ?? 0,
          stdout: expect.stringMatching(snippet.prints),
          stderr: expect.any(String),
        });
      },
      GO_TIMEOUT_MS,
    );
  }

  it('is tested for every file', async () => {
    const present = (await readdir(folder)).filter((file) => file !== 'README.md').sort();
    expect([...new Set(snippets.flatMap(({ files }) => files))].sort()).toEqual(present);
  });
});
