/**
 * Runs every example of README.md and docs/*.md verbatim and compares its output with the documented output. Runs the code
 * samples of the API reference page as well.
 */
import { bundledPlatform, projectRoot } from '@xerotier/dev';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { examplesIn, otherLanguages, programLanguages } from './support/document-examples.ts';
import type { DocumentExample } from './support/document-examples.ts';
import { hasProgram, runProgram } from './support/program.ts';
import type { ProgramResult } from './support/program.ts';
import { preparePython, pythonPath } from './support/python.ts';
import { giveSystemRole } from './support/system-roles.ts';
import { SiteVisitor } from './support/site-visitor.ts';
import { dedicatedPlatform } from './support/test-platform.ts';

/** Commands that are not run here, and why. A block that consists of such commands only is skipped. */
const NOT_RUN: readonly { readonly command: RegExp; readonly reason: string }[] = [
  {
    command: /^npm (start|stop|test|run build)\b/,
    reason: 'start/start.e2e.ts runs the commands of the embedded stack, and the build runs before this test',
  },
  {
    command: /^(docker|git) |^sh deploy\/make-env\.sh$/,
    reason: 'needs a container engine; tools/tidy checks the names, and the CI job `containers` runs the commands',
  },
  {
    command: /\/dist\/main\.js|npm run worker\b|^XIM_/,
    reason: "is about the reader's own model or server",
  },
];

/** Of the accounts in examples. */
const SAMPLE_PASSWORD = 'correct horse battery staple';

const folder = join(projectRoot, 'docs');
const documents = [
  'README.md',
  ...(await readdir(folder)).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`),
];
const examples = (
  await Promise.all(
    documents.map(async (document) => examplesIn(document, await readFile(join(projectRoot, document), 'utf8'))),
  )
).flat();

/** Returns the commands of a block, each joined to one line. */
function commandsOf({ text }: DocumentExample): string[] {
  const joined = text
    .replace(/\\\n\s*/g, ' ')
    .replace(/([|({])\n\s*/g, '$1 ')
    .replace(/'[^']*'/g, (quoted) => quoted.replaceAll('\n', ' '));
  return joined.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'));
}

function isSkipped(example: DocumentExample): boolean {
  return commandsOf(example).every((line) => NOT_RUN.some(({ command }) => command.test(line)));
}

const programs = examples.filter((example) => programLanguages.includes(example.language));
const run = programs.filter((example) => !isSkipped(example));

const python = await preparePython('requirements.txt');
/** The missing program by language. */
const missingPrograms: Readonly<Record<string, string | undefined>> = {
  sh: (await hasProgram('curl', '--version')) ? undefined : 'curl is not installed',
  python: python.missing,
};
for (const reason of new Set(Object.values(missingPrograms)))
  if (reason !== undefined) process.stderr.write(`\n  !! Examples are SKIPPED on this machine: ${reason}\n\n`);

// As a reader has it: in the shared catalogue, models of other suites have the same names.
const test = dedicatedPlatform(() => bundledPlatform());

/** A signed-in user, for the examples with a session. */
let user: SiteVisitor;
beforeAll(async () => {
  user = new SiteVisitor(test.description.baseUrl);
  const credentials = { email: `${randomUUID()}@example.com`, password: SAMPLE_PASSWORD };
  const registered = await user.send('POST', '/api/v1/accounts', { ...credentials, name: 'Ada' });
  expect(registered.status).toBe(200);
  // For the operations of operators.
  const { id } = (await registered.json()) as { id: string };
  await giveSystemRole(test.description.databaseUrl, id, 'admin');
  const signedIn = await new SiteVisitor(test.description.baseUrl).send('POST', '/api/v1/sessions', credentials);
  expect(signedIn.status).toBe(200);
  otherSession = ((await signedIn.json()) as { id: string }).id;
});
/** Another session of the user. */
let otherSession: string;

/** The working folder of the examples: with the files that the code samples upload, and the packages that they import. */
const workingFolder = await mkdtemp(join(tmpdir(), 'xerotier-examples-'));
beforeAll(async () => {
  await writeFile(join(workingFolder, 'input.jsonl'), '{}\n');
  await writeFile(join(workingFolder, 'part.bin'), 'part');
  await symlink(join(projectRoot, 'node_modules'), join(workingFolder, 'node_modules'));
});
afterAll(() => rm(workingFolder, { recursive: true, force: true }));

function runExample(
  { language, text }: Pick<DocumentExample, 'language' | 'text'>,
  apiKey = test.description.apiKey,
): Promise<ProgramResult> {
  const { projectUrl, managementKey } = test.description;
  const env = {
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    BASE_URL: test.api.endpointUrl,
    PROJECT_URL: projectUrl,
    API_KEY: apiKey,
    MANAGEMENT_KEY: managementKey,
    SITE: test.description.baseUrl,
    SESSION: user.token,
  };
  const options = { env, input: text, cwd: workingFolder };
  switch (language) {
    case 'sh':
      return runProgram('sh', ['-e', '-s'], options);
    case 'python':
      return runProgram(pythonPath(python), ['-'], options);
    case 'js':
      return runProgram(process.execPath, ['--input-type=module'], options);
    default:
      throw new Error(`there is no interpreter for ${language}`);
  }
}

describe('documentation example', () => {
  for (const example of run) {
    const missing = missingPrograms[example.language];
    const thisTest = missing === undefined ? it : it.skip; // reason: curl or Python may not be installed
    const place = `${example.document}:${example.line} (${example.language})`;
    thisTest(
      `prints the documented output: ${place}${missing === undefined ? '' : ` [skipped: ${missing}]`}`,
      async () => {
        const { code, stdout, stderr } = await runExample(example);
        const outcome = { code, stdout, stderr };
        expect(outcome).toEqual({ ...outcome, code: 0 });
        expect(example.prints).not.toEqual([]);
        for (const printed of example.prints) expect(stdout).toContain(printed);
      },
    );
  }

  it('has a known language', () => {
    const known = [...programLanguages, ...otherLanguages];
    const unknown = examples.filter(({ language }) => !known.includes(language));
    expect(unknown.map(({ document, line, language }) => `${document}:${line} ${language}`)).toEqual([]);
  });

  it('is found in every document, and every reason to skip is used', () => {
    expect(new Set(run.map(({ language }) => language))).toEqual(new Set(['sh', 'python', 'js']));
    expect(run.map(({ document }) => document)).toEqual(expect.arrayContaining(['README.md', 'docs/api.md']));
    const commands = programs.filter(isSkipped).flatMap(commandsOf);
    const idle = NOT_RUN.filter(({ command }) => !commands.some((line) => command.test(line)));
    expect(idle).toEqual([]);
  });

  it('is skipped only as a whole, and is parsed with its output', () => {
    const text =
      '# T\n\n```sh\ndocker compose up \\\n  --wait\n```\n\n```sh\ndocker compose up\ncurl x\n# => y\n```\n\n```\nz\n```\n';
    const [skipped, kept, unnamed] = examplesIn('a.md', text) as [DocumentExample, DocumentExample, DocumentExample];
    expect([isSkipped(skipped), isSkipped(kept)]).toEqual([true, false]);
    expect(kept).toMatchObject({ document: 'a.md', line: 8, language: 'sh', prints: ['y'] });
    expect(unnamed).toMatchObject({ line: 14, language: '', prints: [] });
  });

  it('of rerank scores the relevant document well above the other', async () => {
    const [example] = run.filter(({ text }) => text.includes('/rerank'));
    const query = /"query": "([^"]+)"/.exec(example?.text ?? '')?.[1];
    const ranked = JSON.parse(/"documents": (\[[^\]]+\])/.exec(example?.text ?? '')?.[1] ?? '[]') as string[];
    const { body } = await test.api.request<{ results: { relevance_score: number }[] }>(
      'POST',
      `${test.description.projectUrl}/rerank`,
      undefined,
      { model: 'embed', query, documents: ranked },
    );
    const [first, second] = body.results;
    expect(first?.relevance_score).toBeGreaterThan((second?.relevance_score ?? 1) + 0.2);
  });
});

const sampleUpload = { filename: 'part.bin', purpose: 'user_data', bytes: 4, mime_type: 'text/plain' };

const sampleItem = { items: [{ role: 'user', content: 'Hello' }] };

/** In the background, so that it can be cancelled. */
const sampleResponse = { model: 'xero-tiny', input: 'Hello there', background: true };

function sampleBatch(file: string): object {
  return { input_file_id: file, endpoint: '/v1/chat/completions', completion_window: '24h' };
}

interface CodeSample {
  readonly label: 'curl' | 'Python' | 'Node';
  readonly source: string;
}

interface SampledOperation {
  readonly operationId: string;
  readonly security: readonly { readonly apiKey?: readonly string[] }[];
  readonly 'x-codeSamples': readonly CodeSample[];
}

/** Operations that the bundled models do not serve. */
const MEDIA = /^create(Speech|Transcription|Translation|Image.*)$/;
/**
 * Operations that need another person, the token of a mail or an operator, a code of an app, or an identity provider: the contract suite performs
 * them.
 */
const NEEDS_MORE = [
  /^(bootstrapAdmin|acceptInvitation|verifyEmail|completePasswordReset|(get|update|delete)Member|leaveProject)$/,
  /^(confirmTotp|replaceRecoveryCodes|disableTotp|adminResetSecondFactor)$/,
  /^(beginSignIn|completeSignIn|completePendingSignIn|linkIdentity|deleteIdentity)$/,
  // Models are uploaded.
  /^((update|delete)CatalogueModel|(un)?shareModel|listModelVersions|(promote|delete)ModelVersion|rollBackModel|getModelPreflight)$/,
  // An upload ends in one of two ways, and a batch may have ended before it is cancelled or paused.
  /^(completeUpload|cancelUpload|(cancel|pause|resume|retry)Batch)$/,
];
/** Operations that end an object of the other samples run after these, in this order. */
const ENDS = [
  /^deleteConversationItem/,
  /^adminDelete/,
  /^(delete|revoke)(?!OtherSessions|CurrentSession)/,
  /^changePassword/,
  /OtherSessions/,
  /CurrentSession/,
];

function rankOf({ operationId }: SampledOperation): number {
  return ENDS.findIndex((pattern) => pattern.test(operationId));
}

const languageOf = { curl: 'sh', Python: 'python', Node: 'js' } as const;

describe('code samples of the API reference page', () => {
  let operations: SampledOperation[];

  beforeAll(async () => {
    const page = await (await fetch(`${test.description.baseUrl}/docs`)).text();
    const [, json = ''] = /<script type="application\/json" id="document">(.*?)<\/script>/s.exec(page) ?? [];
    const { paths } = JSON.parse(json) as { paths: Record<string, Record<string, SampledOperation>> };
    operations = Object.values(paths).flatMap((item) => Object.values(item));
  });

  async function storedCompletion(): Promise<string> {
    const body = { model: 'xero-tiny', messages: [{ role: 'user', content: 'Hello there' }], store: true };
    const url = `${test.description.baseUrl}/v1/chat/completions`;
    return (await test.api.request<{ id: string }>('POST', url, undefined, body)).body.id;
  }

  /** Creates an object with the API key. */
  async function sent<T = { id: string }>(collection: string, body: object): Promise<T> {
    const url = `${test.description.baseUrl}/v1/${collection}`;
    return (await test.api.request<T>('POST', url, undefined, body)).body;
  }

  async function uploadedFile(): Promise<string> {
    const form = new FormData();
    form.append('purpose', 'batch');
    form.append('file', new File(['{}\n'], 'input.jsonl'));
    const response = await fetch(`${test.description.baseUrl}/v1/files`, {
      ...{ method: 'POST', headers: { authorization: `Bearer ${test.description.apiKey}` }, body: form },
    });
    return ((await response.json()) as { id: string }).id;
  }

  /** Creates an object of the project. */
  async function created<T extends object = { id: string }>(collection: string, body: object): Promise<T> {
    const url = `${test.description.projectUrl}/management/${collection}`;
    const options = { key: test.description.managementKey };
    return (await test.api.request<T>('POST', url, undefined, body, options)).body;
  }

  for (const [label, language] of Object.entries(languageOf)) {
    const missing = missingPrograms[language];
    const thisTest = missing === undefined ? it : it.skip; // reason: curl or Python may not be installed
    thisTest(`run verbatim: ${label}${missing === undefined ? '' : ` [skipped: ${missing}]`}`, async () => {
      const completion = await storedCompletion();
      const { id: key } = await created('api-keys', { name: 'sample' });
      const { id: invitation } = await created('invitations', { email: `${randomUUID()}@example.com` });
      const { id: budget } = await created('budgets', { name: 'sample', amount_micros: 1_000_000, thresholds: [100] });
      const endpoint = { slug: `sample-${randomBytes(4).toString('hex')}`, model: 'xero-tiny', tier: 'self_hosted' };
      const { slug } = await created<{ slug: string }>('endpoints', endpoint);
      const file = await uploadedFile();
      const { id: upload } = await sent('uploads', sampleUpload);
      const { id: batch } = await sent('batches', sampleBatch(file));
      const { id: conversation } = await sent('conversations', {});
      const { first_id: item } = await sent<{ first_id: string }>(`conversations/${conversation}/items`, sampleItem);
      const { id: response } = await sent('responses', sampleResponse);
      const person = { email: `${randomUUID()}@example.com`, password: SAMPLE_PASSWORD, name: 'Bo' };
      const { id: target } = (await (
        await new SiteVisitor(test.description.baseUrl).send('POST', '/api/v1/accounts', person)
      ).json()) as { id: string };
      const run = operations.filter(
        ({ operationId }) => ![MEDIA, ...NEEDS_MORE].some((pattern) => pattern.test(operationId)),
      );
      run.sort((one, other) => rankOf(one) - rankOf(other));
      const newAccount = `${randomUUID()}@example.com`;
      const textsOf = (sampled: readonly SampledOperation[]): string[] =>
        sampled.flatMap(({ 'x-codeSamples': samples }) =>
          samples
            .filter((sample) => sample.label === label)
            .map(({ source }) =>
              source
                .replaceAll(/\{(?:project_)?base_url\}/g, test.description.baseUrl)
                .replaceAll('COMPLETION_ID', completion)
                .replaceAll('FILE_ID', file)
                .replaceAll('UPLOAD_ID', upload)
                .replaceAll('BATCH_ID', batch)
                .replaceAll('CONVERSATION_ID', conversation)
                .replaceAll('RESPONSE_ID', response)
                .replaceAll('ITEM_ID', item)
                .replaceAll('KEY_ID', key)
                .replaceAll('INVITATION_ID', invitation)
                .replaceAll('BUDGET_ID', budget)
                .replaceAll('ENDPOINT_SLUG', slug)
                .replaceAll('TIER_ID', 'gpu_large')
                .replaceAll('PROJECT_ID', test.description.projectId)
                .replaceAll('ACCOUNT_ID', target)
                .replaceAll('my-endpoint', `${slug}-2`)
                .replaceAll('SESSION_ID', otherSession)
                .replaceAll('ada@example.com', newAccount)
                .replaceAll('MODEL_ID', 'xero-tiny'),
            ),
        );
      const { apiKey, managementKey } = test.description;
      const isManagement = ({ security }: SampledOperation): boolean =>
        security.some(({ apiKey: scopes }) => scopes?.includes('management') === true);
      const groups = [
        [apiKey, textsOf(run.filter((operation) => !isManagement(operation)))],
        [managementKey, textsOf(run.filter(isManagement))],
      ] as const;
      for (const [bearer, texts] of groups) {
        expect(texts.length).toBeGreaterThan(5);
        // Importing the library takes seconds in Python, so its samples run as one program.
        for (const text of language === 'python' ? [texts.join('\n')] : texts) {
          const { code, stdout, stderr } = await runExample({ language, text }, bearer);
          const failure = code === 0 && !stdout.startsWith('{"error":') ? '' : `${text}\n${stdout}\n${stderr}`;
          expect(failure).toBe('');
        }
      }
    });
  }
});
