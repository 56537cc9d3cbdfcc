/**
 * Violations of module boundaries are detected: files with a wrong import are written, linted with the configuration of
 * the project, and removed. Rules that need types are off, since checking the whole project takes most of the time.
 */
import { ESLint } from 'eslint';
import type { Linter } from 'eslint';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import tseslint from 'typescript-eslint';
import { projectRoot, runProgram } from './run-program.ts';

const RULES = ['@nx/enforce-module-boundaries', 'no-restricted-imports'];

/** Imports that are not allowed in a folder, and the linter's message. */
const WRONG: readonly [folder: string, text: string, message: RegExp, suffix?: string][] = [
  ['apps/gateway/src', "export { settings } from '../../auth/src/config.ts';", /relative|absolute/],
  ['apps/router/src', "export { settings } from '../../xim/src/config.ts';", /relative|absolute/],
  [
    'libs/platform/config/src',
    "export { hashApiKey } from '@xerotier/api-keys';",
    /"layer:platform" can only depend on/,
  ],
  ['libs/contracts/src', "export { createLogger } from '@xerotier/log';", /"layer:contracts" can only depend on/],
  [
    'libs/public-api/src',
    "export { errors } from '@xerotier/contracts/errors';",
    // Everything above depends on it, so its dependencies create a cycle.
    /Circular dependency between "public-api" and "contracts"/,
  ],
  [
    'libs/domain/inference/src',
    "export { writeTinyModel } from '@xerotier/tiny-model';",
    /"layer:domain" can only depend on/,
  ],
  ['apps/gateway/src', "export { testServers } from '@xerotier/testing';", /"layer:app" can only depend on/],
  ['apps/router/src', "export { startNats } from '@xerotier/local-servers';", /"layer:app" can only depend on/],
  ['apps/router/src', "export { startNats } from '@xerotier/local-servers';", /"layer:app" can/, '.spec.ts'],
  ['libs/platform/nats/src', "export { eventually } from '@xerotier/testing';", /"layer:platform" can only depend on/],
  ['apps/auth/src', "export { silentLog } from '@xerotier/log/testing';", /Only tests import/],
  ['apps/auth/src', "export { runningAuth } from '../test/running-auth.ts';", /Only tests import/],
];
const RIGHT: readonly [folder: string, text: string, suffix?: string][] = [
  ['apps/gateway/src', "export { InferenceClient } from '@xerotier/inference';"],
  ['libs/domain/inference/src', "export { createLogger } from '@xerotier/log';"],
  ['libs/platform/nats/src', "export { errors } from '@xerotier/contracts/errors';"],
  ['apps/gateway/src', "export { testServers } from '@xerotier/testing';", '.spec.ts'],
  ['apps/auth/src', "export { silentLog } from '@xerotier/log/testing';", '.int.spec.ts'],
  ['libs/platform/db/test', "export { eventually } from '@xerotier/testing';"],
  ['libs/platform/nats/src', "export { eventually } from '@xerotier/testing';", '.testing.ts'],
];

const imports = [
  ...WRONG.map(([folder, text, message, suffix]) => ({ folder, text, message, suffix })),
  ...RIGHT.map(([folder, text, suffix]) => ({ folder, text, message: undefined, suffix })),
];
/** Files of the same folder are distinguished by a number. */
const probes = imports.map(({ folder, text, message, suffix = '.ts' }, at) => ({
  path: join(folder, `${at}-boundary-probe-${process.pid}${suffix}`),
  place: `${folder}/*${suffix}`,
  text,
  message,
}));
let results: readonly ESLint.LintResult[];

beforeAll(async () => {
  for (const { path, text } of probes) writeFileSync(join(projectRoot, path), `${text}\n`);
  try {
    await runProgram('nx', ['show', 'projects']);
    // The type of a configuration of typescript-eslint is not that of eslint, though it is one.
    const withoutTypes = tseslint.configs.disableTypeChecked as Linter.Config;
    const eslint = new ESLint({ cwd: projectRoot, overrideConfig: withoutTypes });
    results = await eslint.lintFiles(probes.map(({ path }) => path));
  } finally {
    for (const { path } of probes) rmSync(join(projectRoot, path), { force: true });
  }
}, 120_000);

function lintErrorsOf(path: string): string[] {
  const result = results.find(({ filePath }) => filePath === join(projectRoot, path));
  if (result === undefined) throw new Error(`${path} was not linted`);
  return result.messages
    .filter(({ ruleId }) => ruleId !== null && RULES.includes(ruleId))
    .map(({ message }) => message);
}

describe('a module boundary', () => {
  it.each(probes.filter(({ message }) => message !== undefined))(
    'is violated by $text in $place',
    ({ path, message }) => {
      expect(lintErrorsOf(path)).toEqual([expect.stringMatching(message as RegExp)]);
    },
  );

  it.each(probes.filter(({ message }) => message === undefined))('allows $text in $place', ({ path }) => {
    expect(lintErrorsOf(path)).toEqual([]);
  });
});
