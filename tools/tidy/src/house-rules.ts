/**
 * House rules that no linter covers. Each problem names the file and the remedy. Reads tracked files (and new ones that
 * git does not ignore), so build output is not checked.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { documentRules } from './document-rules.ts';
import { glossaryRules } from './glossary-rules.ts';

export interface SourceFile {
  /** Relative to the project's root. */
  readonly path: string;
  readonly text: string;
}

export type Rule = (file: SourceFile, root: string) => string[];

const LINES_MAX = 500;
/** A list of test cases may be long: readers search it for one of them. */
const SPEC_LINES_MAX = 800;
const LAYERS = ['public-api', 'contracts', 'platform', 'domain', 'app', 'testing', 'tool', 'e2e'];
/** nx.json says what they do. */
const TARGETS = ['typecheck', 'lint', 'test', 'test-int'];
const DRAWERS = /(^|\/)(common|utils?|shared|helpers|misc)(\/|\.ts$)/;

const FOCUSED = /\b(?:describe|it|test)(?:\.\w+)*\.only(?:\.each)?\(|\bf(?:it|describe)(?:\.each)?\(/;
const SKIPPED = /\b(?:describe|it|test)(?:\.\w+)*\.skip(?:\.each)?\(|\bx(?:it|describe)(?:\.each)?\(/;
const REASON = /(?:\/\/|\/\*).*\breason:/;
const EXACT_VERSION = /^\d+\.\d+\.\d+(?:[-+][\w.+-]+)?$/;

export const rules: Readonly<Record<string, Rule>> = {
  'files are about one noun': ({ path, text }) => {
    const lines = text.split('\n').length;
    return path.endsWith('.ts') && lines > (/\.(spec|e2e)\.ts$/.test(path) ? SPEC_LINES_MAX : LINES_MAX)
      ? [`${path} has ${lines} lines: split it by the concepts it contains`]
      : [];
  },
  'names say what is inside': ({ path }) => (DRAWERS.test(path) ? [`${path}: name it after what it contains`] : []),
  'tests run': ({ path, text }) => {
    if (!/\.(spec|e2e)\.ts$/.test(path)) return [];
    const focused = FOCUSED.test(text);
    const skipped = text.split('\n').some((line) => SKIPPED.test(line) && !REASON.test(line));
    return [
      ...(focused ? [`${path}: remove .only, which skips the other tests`] : []),
      ...(skipped ? [`${path}: remove the skipped test, or add a comment with "reason:" on the same line`] : []),
    ];
  },
  'projects have a layer and a scope': ({ path, text }) => {
    if (!path.endsWith('/project.json')) return [];
    const ownScope = /^apps\/([^/]+)\//.exec(path)?.[1] ?? 'shared';
    const { tags = [] } = JSON.parse(text) as { tags?: string[] };
    const [layer, scope] = ['layer', 'scope'].map((axis) =>
      tags.filter((tag) => tag.startsWith(`${axis}:`)).map((tag) => tag.slice(axis.length + 1)),
    );
    return [
      ...(layer?.length === 1 && LAYERS.includes(layer[0] as string)
        ? []
        : [`${path}: needs exactly one tag layer:${LAYERS.join('|')}`]),
      ...(scope?.length === 1 && scope[0] === ownScope
        ? []
        : [`${path}: needs exactly one tag scope:, scope:${ownScope}`]),
    ];
  },
  'projects have the targets of every project': ({ path, text }) => {
    if (!path.endsWith('/project.json')) return [];
    const { targets = {} } = JSON.parse(text) as { targets?: Record<string, unknown> };
    const missing = TARGETS.filter((target) => targets[target] === undefined);
    return missing.length === 0
      ? []
      : [`${path}: add ${missing.map((target) => `"${target}": {}`).join(', ')} to its targets, or Nx leaves it out`];
  },
  'libraries introduce themselves': ({ path }, root) =>
    /^libs\/.*\/project\.json$/.test(path) && !existsSync(join(root, dirname(path), 'README.md'))
      ? [`${dirname(path)}: add a README.md with what the library guarantees, an example, and its limits`]
      : [],
  'lock files hold no addresses': ({ path, text }) =>
    path.endsWith('package-lock.json') && /"resolved": "https?:/.test(text)
      ? [
          `${path}: install with omit-lockfile-registry-resolved (set in .npmrc) so that no registry address is recorded`,
        ]
      : [],
  'versions are exact': ({ path, text }) => {
    if (!path.endsWith('package.json') || path.includes('fixtures/')) return [];
    const { dependencies = {}, devDependencies = {} } = JSON.parse(text) as Record<string, Record<string, string>>;
    return Object.entries({ ...dependencies, ...devDependencies })
      .filter(([, version]) => !EXACT_VERSION.test(version))
      .map(([name, version]) => `${path}: pin ${name} exactly instead of '${version}'`);
  },
  ...documentRules,
  ...glossaryRules,
};

/** Returns all problems of the project. */
export async function checkHouseRules(root: string): Promise<string[]> {
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  const files = listed
    .split('\n')
    .filter((path) => path !== '' && existsSync(join(root, path)) && isText(join(root, path)));
  return files.flatMap((path) => checkFile({ path, text: readFileSync(join(root, path), 'utf8') }, root));
}

export function checkFile(file: SourceFile, root: string): string[] {
  return Object.values(rules).flatMap((rule) => rule(file, root));
}

const TEXT = /\.(ts|mjs|js|json|md|ya?ml)$/;
const BYTES_MAX = 4_000_000;

function isText(path: string): boolean {
  const stat = statSync(path);
  return TEXT.test(path) && stat.isFile() && stat.size < BYTES_MAX;
}
