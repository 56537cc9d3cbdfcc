import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { checkFile, checkHouseRules, rules } from './house-rules.ts';

let root: string;
beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'xerotier-rules-'))));
afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(path: string, text = ''): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

/** A call of jest, assembled here so that no rule matches it in this file. */
function called(...names: string[]): string {
  return `${names.join('.')}('does it', () => undefined);`;
}

/** What each rule rejects, and what it accepts. */
const CASES: Readonly<Record<string, { bad: [path: string, text: string][]; good: [path: string, text: string][] }>> = {
  'files are about one noun': {
    bad: [
      ['a.ts', '\n'.repeat(500)],
      ['a.spec.ts', '\n'.repeat(800)],
    ],
    good: [
      ['a.ts', '\n'.repeat(499)],
      ['a.spec.ts', '\n'.repeat(799)],
      ['a.json', '\n'.repeat(5_000)],
    ],
  },
  'names say what is inside': {
    bad: [
      ['libs/common/src/index.ts', ''],
      ['apps/gateway/src/utils/x.ts', ''],
      ['apps/gateway/src/util.ts', ''],
      ['helpers.ts', ''],
      ['libs/shared/README.md', ''],
    ],
    good: [
      ['libs/platform/nats/src/bus.ts', ''],
      ['apps/gateway/src/commonwealth.ts', ''],
      ['docs/shared-subject.md', ''],
    ],
  },
  'tests run': {
    bad: [
      ['a.spec.ts', called('it', 'only')],
      ['a.e2e.ts', called('describe', 'only')],
      ['a.spec.ts', called('fit')],
      ['a.spec.ts', called('fdescribe')],
      ['a.spec.ts', called('test', 'concurrent', 'only')],
      ['a.spec.ts', `it.${'only'}.each([1])('x', () => undefined)`],
      ['a.spec.ts', called('it', 'skip')],
      ['a.spec.ts', called('xit')],
      ['a.spec.ts', called('xdescribe')],
      ['a.spec.ts', `describe.${'skip'}.each([1])('x', () => undefined)`],
      ['a.spec.ts', `// a reason: of another line\n${called('it', 'skip')}`],
      ['a.spec.ts', `const reason = 1; ${called('it', 'skip')}`],
    ],
    good: [
      ['a.spec.ts', called('it')],
      ['a.spec.ts', `${called('it', 'skip')} // reason: there is no network here`],
      ['a.spec.ts', `const ifRoot = isRoot ? it : it.${'skip'};`],
      ['a.spec.ts', `/* reason: no GPU */ ${called('describe', 'skip')}`],
      ['a.ts', called('it', 'only')],
      ['a.spec.ts', "it('exits, and commits if it can', () => benefit(split()));"],
    ],
  },
  'projects have a layer and a scope': {
    bad: [
      ['apps/x/project.json', '{}'],
      ['apps/x/project.json', '{"tags":["layer:app"]}'],
      ['apps/x/project.json', '{"tags":["scope:x"]}'],
      ['apps/x/project.json', '{"tags":["layer:ap","scope:x"]}'],
      ['apps/x/project.json', '{"tags":["layer:app","scope:mesages"]}'],
      ['apps/x/project.json', '{"tags":["layer:app","layer:domain","scope:x"]}'],
      ['apps/x/project.json', '{"tags":["layer:app","scope:*"]}'],
      ['apps/x/project.json', '{"tags":["layer:app","scope:shared"]}'],
      ['libs/domain/x/project.json', '{"tags":["layer:domain","scope:x"]}'],
    ],
    good: [
      ['apps/x/project.json', '{"tags":["layer:app","scope:x"]}'],
      ['apps/x/package.json', '{}'],
    ],
  },
  'projects have the targets of every project': {
    bad: [
      ['tools/x/project.json', '{"tags":[]}'],
      ['apps/x/project.json', '{"targets":{"build":{},"typecheck":{},"lint":{},"test":{}}}'],
    ],
    good: [
      ['apps/x/project.json', '{"targets":{"typecheck":{},"lint":{},"test":{},"test-int":{}}}'],
      ['apps/x/package.json', '{}'],
    ],
  },
  'libraries introduce themselves': {
    bad: [['libs/platform/new/project.json', '{"tags":["layer:platform","scope:shared"]}']],
    good: [
      ['libs/platform/told/project.json', '{"tags":["layer:platform","scope:shared"]}'],
      ['apps/x/project.json', '{"tags":["layer:app","scope:shared"]}'],
    ],
  },
  'lock files hold no addresses': {
    bad: [['package-lock.json', '{"resolved": "https://registry.example.test/x.tgz"}']],
    good: [['package-lock.json', '{"resolved": "libs/contracts", "link": true}']],
  },
  'versions are exact': {
    bad: [
      ['package.json', '{"dependencies":{"zod":"^4.0.0"}}'],
      ['package.json', '{"devDependencies":{"zod":"~4.0.0"}}'],
      ['libs/x/package.json', '{"dependencies":{"zod":"*"}}'],
      ['package.json', '{"dependencies":{"zod":"latest"}}'],
      ['package.json', '{"dependencies":{"zod":"4.x"}}'],
      ['package.json', '{"dependencies":{"zod":"4"}}'],
      ['package.json', '{"dependencies":{"zod":"4.0.0 || 5.0.0"}}'],
      ['package.json', '{"dependencies":{"zod":"4.0.0 - 5.0.0"}}'],
    ],
    good: [
      ['package.json', '{"dependencies":{"zod":"4.6.7","pg":"18.4.0-beta.17","x":"0.1.0+build.5"}}'],
      ['package.json', '{"name":"x"}'],
      ['src/fixtures/package.json', '{"dependencies":{"zod":"^4.0.0"}}'],
      ['tsconfig.json', '{"dependencies":{"zod":"^4.0.0"}}'],
    ],
  },
  'documents name files that exist': {
    bad: [
      ['docs/a.md', 'See libs/gone/src/index.ts.'],
      ['docs/a.md', 'It is in `apps/gone/src/main.ts`'],
      ['docs/a.md', '[there](gone.md)'],
      ['docs/a.md', '[there](../gone.md#part)'],
    ],
    good: [
      ['docs/a.md', 'See docs/there.md, and libs/platform/told/README.md.'],
      [
        'docs/a.md',
        '[there](there.md#part), [here](#part), [far](https://example.test/x.md), [mail](mailto:a@example.test)',
      ],
      ['docs/a.md', 'Built: apps/x/dist/main.js; generated: docs/generated/errors.md'],
      ['CHANGELOG.md', 'Removed apps/gone/src/main.ts'],
      ['src/a.ts', '// libs/gone/src/index.ts'],
    ],
  },
  'documents link to headings that exist': {
    bad: [
      ['docs/a.md', '[there](there.md#part)'],
      ['docs/a.md', '[here](#part)'],
      ['docs/a.md', '[there](there.md#a-part)\n\n# A part'],
      ['docs/a.md', '[here](#a-part)\n\n```sh\n# A part\n```'],
    ],
    good: [
      [
        'docs/a.md',
        '[there](there.md#what-it-does-and-not), [gone](gone.md#part), [far](https://example.test/x.md#part)',
      ],
      ['docs/a.md', '[here](#a-part)\n\n## A part'],
      ['CHANGELOG.md', '[here](#part)'],
    ],
  },
  'code names documents that exist': {
    bad: [
      ['src/a.ts', '// See docs/gone.md.'],
      ['compose.yml', '# docs/gone.md explains it'],
    ],
    good: [
      ['src/a.ts', '// See docs/there.md. And other/docs/gone.md.'],
      ['src/a.spec.ts', "write('docs/gone.md')"],
    ],
  },
  'commands that are named exist': {
    bad: [
      ['docs/a.md', '`npm run gone`'],
      ['docs/a.md', 'npm run gone -- --all'],
      ['docs/a.md', 'npm stop'],
      ['docs/a.md', 'npm run train -w tools/none'],
      ['docs/a.md', 'npm run there -w tools/trained'],
      ['src/a.ts', "'Type npm run gone.'"],
    ],
    good: [
      ['docs/a.md', '`npm run there`, npm run there:too -- --all. `npm start -- --detach`'],
      ['docs/a.md', 'npm run train -w tools/trained -- file'],
      ['docs/a.md', 'npm run --silent; npm running'],
      ['CHANGELOG.md', 'npm run gone'],
      ['docs/a.md', 'Type npm run there. Or npm run there:too, then.'],
      ['src/a.spec.ts', 'npm run gone'],
    ],
  },
  'decisions are numbered as their files are': {
    bad: [
      ['docs/adr/0002-second.md', '# 0001 Second'],
      ['docs/adr/0002-second.md', '# 2. Second'],
      ['docs/adr/README.md', '- [0001 First](0001-first.md)'],
      ['docs/adr/README.md', '- [0001 First](0001-first.md)\n- [0002 Other](0002-second.md)'],
      ['docs/adr/README.md', '- [0002 Second](0002-second.md)\n- [0001 First](0001-first.md)'],
      ['docs/a.md', 'as ADR 7 says'],
      ['src/a.ts', '// docs/adr/0007'],
    ],
    good: [
      ['docs/adr/0002-second.md', '# 0002 Second'],
      ['docs/adr/README.md', '# All\n\n- [0001 First](0001-first.md)\n- [0002 Second](0002-second.md)\n'],
      ['docs/a.md', 'as ADR 2, ADR 0001 and ADR-2 say'],
      ['src/a.ts', '// docs/adr/0002'],
    ],
  },
  'words are those of the glossary': {
    bad: [
      ['src/a.ts', 'const answer = 1;'],
      ['src/a.ts', 'class B { #lastAnswers = []; }'],
      ['src/a.ts', 'export const ANSWER_BYTES_MAX = 1;'],
      ['src/a.ts', '// The first answer.'],
      ['src/a.ts', "log.warn('redis does not answer');"],
      ['src/a.ts', 'throw new Error(`It was answered with ${status}`);'],
      ['src/a.spec.ts', "it.each([1])('answers %i', () => undefined);"],
      ['src/a.spec.ts', 'const refusal = refusedBy;'],
      ['src/late-answer.ts', 'export {};'],
      ['docs/a.md', 'An answer\n'],
    ],
    good: [
      ['src/a.ts', 'const response = 1;'],
      ['src/a.ts', 'if (state === \'answer\') message.refusal = null; // the field `refusal`, "answer"'],
      ['src/a.ts', "throw new Error('connection refused');"],
      ['src/a.spec.ts', "prompt('answer with yes or no'); it('responds', () => undefined);"],
      ['docs/a.md', 'The field `answer`, [here](answer.md), and "answers":\n\n```\nanswer\n```\n'],
      ['docs/glossary.md', 'answer'],
      ['tools/bundled-models/src/a.ts', 'const answer = 1;'],
      ['src/fixtures/a.md', 'answer'],
    ],
  },
};

describe('the house rules', () => {
  beforeEach(() => {
    write('libs/platform/told/README.md');
    write('docs/there.md', '# There\n\n## What it does, and `not`\n');
    write('package.json', '{"scripts":{"start":"x","there":"x","there:too":"x"}}');
    write('tools/trained/package.json', '{"scripts":{"train":"x"}}');
    write('docs/adr/0001-first.md', '# 0001 First\n');
    write('docs/adr/0002-second.md', '# 0002 Second\n');
    write('docs/glossary.md', '| response | What is returned. | `answer` |\n| reject | x | `refuse`, `refusal` |\n');
  });

  it('all have cases', () => {
    expect(Object.keys(CASES)).toEqual(Object.keys(rules));
  });

  it.each(Object.entries(CASES))('%s: reports violations with a remedy', (name, { bad }) => {
    for (const [path, text] of bad) {
      const problems = rules[name]?.({ path, text }, root) ?? [];
      expect([path, text, problems.length > 0]).toEqual([path, text, true]);
      expect(problems.every((problem) => problem.startsWith(path) || problem.startsWith(dirname(path)))).toBe(true);
    }
  });

  it.each(Object.entries(CASES))('%s: accepts valid files', (name, { good }) => {
    for (const [path, text] of good)
      expect([path, text, rules[name]?.({ path, text }, root)]).toEqual([path, text, []]);
  });

  it('are all applied to a file', () => {
    const text = `${called('it', 'only')}${'\n'.repeat(900)}`;
    expect(checkFile({ path: 'utils/a.spec.ts', text }, root)).toHaveLength(3);
  });
});

describe('checkHouseRules', () => {
  const git = (...args: string[]): void => void execFileSync('git', args, { cwd: root, stdio: 'ignore' });

  beforeEach(() => {
    git('init');
    write('.gitignore', 'dist/\n');
  });

  it('checks tracked and new files, and none that git ignores', async () => {
    write('tracked/utils.ts');
    git('add', 'tracked');
    write('fresh/utils.ts');
    write('dist/utils.ts');
    const problems = await checkHouseRules(root);
    expect(problems.map((problem) => problem.split(':')[0]).toSorted()).toEqual(['fresh/utils.ts', 'tracked/utils.ts']);
  });

  it('returns nothing for a clean project, or for a deleted tracked file', async () => {
    write('src/bus.ts', 'export {};\n');
    write('src/utils.ts');
    git('add', '.');
    rmSync(join(root, 'src/utils.ts'));
    expect(await checkHouseRules(root)).toEqual([]);
  });
});
