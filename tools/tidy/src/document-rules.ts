/** Files, commands and decisions that documents, comments and messages mention must exist. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Rule } from './house-rules.ts';

/** Its mentions of the past are not updated. */
const CHANGELOG = 'CHANGELOG.md';
const DECISIONS = 'docs/adr';
const DECISION = /^(\d{4})-[a-z0-9-]+\.md$/;

export const documentRules: Readonly<Record<string, Rule>> = {
  'documents name files that exist': ({ path, text }, root) => {
    if (!path.endsWith('.md') || path === CHANGELOG) return [];
    const named = [...text.matchAll(/(?<![\w/.])((?:apps|libs|tools|docs|deploy|e2e)\/[\w./-]+\.\w+)/g)].map(
      ([, name]) => name as string,
    );
    const linked = links(text).map(({ target }) => join(dirname(path), target));
    return [...new Set([...named, ...linked])]
      .filter((name) => !existsSync(join(root, name)) && !name.includes('/dist/') && !name.includes('docs/generated/'))
      .map((name) => `${path} names ${name}, which does not exist`);
  },
  'documents link to headings that exist': ({ path, text }, root) => {
    if (!path.endsWith('.md') || path === CHANGELOG) return [];
    return links(text).flatMap(({ target, heading }) => {
      const file = target === '' ? path : join(dirname(path), target);
      if (heading === undefined || !file.endsWith('.md')) return [];
      if (target !== '' && !existsSync(join(root, file))) return [];
      const linked = target === '' ? text : readFileSync(join(root, file), 'utf8');
      return headings(linked).has(heading)
        ? []
        : [`${path} links to #${heading} of ${file}, which has no such heading`];
    });
  },
  'code names documents that exist': ({ path, text }, root) => {
    if (!isCode(path)) return [];
    const named = [...text.matchAll(/(?<![\w/.-])(docs\/[\w./-]+\.md)\b/g)].map(([, name]) => name as string);
    return [...new Set(named)]
      .filter((name) => !existsSync(join(root, name)))
      .map((name) => `${path} names ${name}, which does not exist`);
  },
  'commands that are named exist': ({ path, text }, root) => {
    if (!(path.endsWith('.md') || isCode(path)) || path === CHANGELOG) return [];
    const named = [
      ...text.matchAll(
        /\bnpm (?:run ([a-z](?:[\w:.-]*\w)?)|(start|stop|test)\b)((?: +-{1,2}[\w-]+(?:[ =][\w./-]+)?)*)/g,
      ),
    ];
    return named.flatMap(([, script, lifecycle, flags = '']) => {
      const name = (script ?? lifecycle) as string;
      const folder = /(?:^| )(?:-w|--workspace)[ =]([\w./-]+)/.exec(flags)?.[1] ?? '';
      return scriptsOf(root, folder).has(name)
        ? []
        : [`${path} names the command \`npm run ${name}\`${folder && ` of ${folder}`}, which does not exist`];
    });
  },
  'decisions are numbered as their files are': ({ path, text }, root) => {
    const file = path.startsWith(`${DECISIONS}/`) ? path.slice(DECISIONS.length + 1) : '';
    const number = DECISION.exec(file)?.[1];
    if (number !== undefined)
      return text.startsWith(`# ${number} `) ? [] : [`${path}: its first line must begin with "# ${number} "`];
    if (file === 'README.md') return indexProblems(path, text, root);
    if (!(path.endsWith('.md') || isCode(path)) || path === CHANGELOG) return [];
    const numbers = new Set(decisionsOf(root).map((name) => name.slice(0, 4)));
    const named = [...text.matchAll(/\bADR[ -]?(\d{1,4})\b|docs\/adr\/(\d{4})/g)].map(([, short, long]) =>
      (short ?? (long as string)).padStart(4, '0'),
    );
    return [...new Set(named)]
      .filter((name) => !numbers.has(name))
      .map((name) => `${path} names the decision ${name}, which does not exist`);
  },
};

/** The list of decisions contains each of them once, in order, with its title. */
function indexProblems(path: string, text: string, root: string): string[] {
  const listed = [...text.matchAll(/^- \[(.+?)\]\((\d{4}-[^)]+)\)$/gm)].map(([line]) => line);
  const wanted = decisionsOf(root).map((file) => {
    const [title = ''] = readFileSync(join(root, DECISIONS, file), 'utf8').split('\n');
    return `- [${title.replace(/^# /, '')}](${file})`;
  });
  return listed.join('\n') === wanted.join('\n') ? [] : [`${path} must list the decisions as:\n${wanted.join('\n')}`];
}

function decisionsOf(root: string): string[] {
  const folder = join(root, DECISIONS);
  return existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => DECISION.test(name))
        .sort()
    : [];
}

/** Tests use made-up names of files and commands. */
function isCode(path: string): boolean {
  return /\.(ts|mjs|js|ya?ml)$/.test(path) && !/\.(spec|e2e)\.ts$/.test(path);
}

interface Link {
  /** Empty in a link within the document. */
  readonly target: string;
  readonly heading: string | undefined;
}

/** Links to files of the project, and within the document. */
function links(text: string): Link[] {
  return [...text.matchAll(/\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]*))?\)/g)].map(([, target, heading]) => ({
    target: target as string,
    heading,
  }));
}

/** The anchors of headings, as generated by GitHub. */
function headings(text: string): ReadonlySet<string> {
  const outside = text.replace(/^```[^]*?^```$/gm, '');
  return new Set(
    [...outside.matchAll(/^#{1,6} (.+)$/gm)].map(([, title]) =>
      (title as string)
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replaceAll(' ', '-'),
    ),
  );
}

function scriptsOf(root: string, folder: string): ReadonlySet<string> {
  const file = join(root, folder, 'package.json');
  if (!existsSync(file)) return new Set();
  const { scripts = {} } = JSON.parse(readFileSync(file, 'utf8')) as { scripts?: Record<string, string> };
  return new Set(Object.keys(scripts));
}
