/** That a wrong import is found: files that break a boundary are written, linted as `npm run check` does it, and removed. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot, runProgram } from './run-program.ts';

const RULE = '@nx/enforce-module-boundaries';
const NAME = `boundary-probe-${process.pid}.ts`;

/** What a file may not import from where it is, and the words of the refusal. */
const WRONG: readonly [folder: string, text: string, message: RegExp][] = [
  ['apps/gateway/src', "export { settings } from '../../auth/src/config.ts';", /relative|absolute/],
  ['apps/router/src', "export { settings } from '../../xim/src/config.ts';", /relative|absolute/],
  [
    'libs/platform/config/src',
    "export { hashApiKey } from '@xerotier/api-keys';",
    /"layer:platform" can only depend on/,
  ],
  ['libs/contracts/src', "export { createLogger } from '@xerotier/log';", /"layer:contracts" can only depend on/],
  [
    'libs/domain/inference/src',
    "export { writeTinyModel } from '@xerotier/tiny-model';",
    /"layer:domain" can only depend on/,
  ],
];
const RIGHT: readonly [folder: string, text: string][] = [
  ['apps/gateway/src', "export { InferenceClient } from '@xerotier/inference';"],
  ['libs/domain/inference/src', "export { createLogger } from '@xerotier/log';"],
  ['libs/platform/nats/src', "export { errors } from '@xerotier/contracts/errors';"],
];

interface LintResult {
  readonly filePath: string;
  readonly messages: readonly { readonly ruleId: string | null; readonly message: string }[];
}

/** Files of the same folder are told apart by a number. */
const probes = [...WRONG, ...RIGHT].map(([folder, text], at) => ({ path: join(folder, `${at}-${NAME}`), text }));
let results: readonly LintResult[];

beforeAll(async () => {
  for (const { path, text } of probes) writeFileSync(join(projectRoot, path), `${text}\n`);
  try {
    await runProgram('nx', ['show', 'projects']);
    const { output } = await runProgram('eslint', ['--format', 'json', ...probes.map(({ path }) => path)]);
    results = JSON.parse(output.slice(output.indexOf('[{'))) as LintResult[];
  } finally {
    for (const { path } of probes) rmSync(join(projectRoot, path), { force: true });
  }
}, 120_000);

function complaintsAbout(probe: number): string[] {
  const { path } = probes[probe] as { path: string };
  const result = results.find(({ filePath }) => filePath === join(projectRoot, path));
  if (result === undefined) throw new Error(`${path} was not linted`);
  return result.messages.filter(({ ruleId }) => ruleId === RULE).map(({ message }) => message);
}

describe('a module boundary', () => {
  it.each(WRONG.map(([folder, text, message], at) => ({ folder, text, message, at })))(
    'is broken by $text in $folder',
    ({ at, message }) => {
      expect(complaintsAbout(at)).toEqual([expect.stringMatching(message)]);
    },
  );

  it.each(RIGHT.map(([folder, text], at) => ({ folder, text, at: WRONG.length + at })))(
    'is kept by $text in $folder',
    ({ at }) => {
      expect(complaintsAbout(at)).toEqual([]);
    },
  );
});
