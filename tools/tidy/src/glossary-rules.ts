/**
 * One term per concept keeps code, documents and logs searchable. The last column of docs/glossary.md lists the words that a
 * term replaces; they are rejected in names, comments, messages, test titles and documents.
 */
import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import ts from 'typescript';
import type { Rule } from './house-rules.ts';

const GLOSSARY = 'docs/glossary.md';
/** Fields of the OpenAI API. */
const API_NAMES = new Set(['refusal']);
const STANDARD_TERMS = /connections? (?:(?:is|are|was|were) )?refused|refused connections?/gi;
/** Training text is a dialogue in other words; fixtures are data. */
const EXEMPT = /^tools\/bundled-models\/|(^|\/)fixtures\//;
const TEST_FUNCTIONS = new Set(['describe', 'it', 'test']);

interface ReplacedWord {
  readonly word: string;
  readonly term: string;
  /** Matches the word in any inflection. */
  readonly pattern: RegExp;
}

interface Passage {
  /** From 0. */
  readonly line: number;
  readonly text: string;
}

export const glossaryRules: Readonly<Record<string, Rule>> = {
  'words are those of the glossary': ({ path, text }, root) => {
    if (path === GLOSSARY || EXEMPT.test(path)) return [];
    const passages = path.endsWith('.md') ? prose(text) : path.endsWith('.ts') ? passagesOf(path, text) : undefined;
    if (passages === undefined) return [];
    const replaced = replacedWordsOf(root);
    const problems = [{ line: 0, text: basename(path) }, ...passages].flatMap((passage) =>
      wordsIn(passage.text, replaced).map(
        ({ word, term }) => `${path}:${passage.line + 1}: say '${term}' instead of '${word}' (${GLOSSARY})`,
      ),
    );
    return [...new Set(problems)];
  },
};

const known = new Map<string, readonly ReplacedWord[]>();

function replacedWordsOf(root: string): readonly ReplacedWord[] {
  const file = join(root, GLOSSARY);
  const words = known.get(file) ?? (existsSync(file) ? replacedWords(readFileSync(file, 'utf8')) : []);
  known.set(file, words);
  return words;
}

/** Reads table rows of the form `| term | meaning | words in backticks |`. */
function replacedWords(glossary: string): ReplacedWord[] {
  return glossary.split('\n').flatMap((line) => {
    const [, term = '', , words = ''] = line.split('|').map((cell) => cell.trim());
    return [...words.matchAll(/`([^`]+)`/g)].map(([, word = '']) => ({ word, term, pattern: inflections(word) }));
  });
}

function inflections(word: string): RegExp {
  const stem = word.replace(/[ey]$/, '');
  return new RegExp(`\\b${stem}(?:e|es|ed|ing|s|er|ers|y|ies)?\\b`, 'i');
}

function wordsIn(text: string, replaced: readonly ReplacedWord[]): ReplacedWord[] {
  const words = text
    .replace(STANDARD_TERMS, '')
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/[_\-./]/g, ' ');
  return replaced.filter(({ pattern }) => pattern.test(words));
}

/** A document without its code and quotations. */
function prose(text: string): Passage[] {
  let fenced = false;
  return text.split('\n').map((line, at) => {
    const fence = /^\s*```/.test(line);
    if (fence) fenced = !fenced;
    return { line: at, text: fenced || fence ? '' : unquoted(line) };
  });
}

/** Names, comments, messages and test titles. */
function passagesOf(path: string, text: string): Passage[] {
  const isTest = /\.(spec|e2e|testing)\.ts$/.test(path);
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const passages: Passage[] = [];
  const lineOf = (position: number): number => source.getLineAndCharacterOfPosition(position).line;
  const visit = (node: ts.Node): void => {
    const children = node.getChildren(source);
    if (children.length > 0) return children.forEach(visit);
    const start = node.getStart(source);
    const comments = text.slice(node.pos, start).split('\n');
    passages.push(...comments.map((line, at) => ({ line: lineOf(node.pos) + at, text: unquoted(line) })));
    if (ts.isIdentifier(node) || ts.isPrivateIdentifier(node)) {
      if (!API_NAMES.has(node.text)) passages.push({ line: lineOf(start), text: node.text });
    } else if (isText(node) && node.text.includes(' ') && (!isTest || isTestTitle(node))) {
      passages.push({ line: lineOf(start), text: unquoted(node.text) });
    }
  };
  visit(source);
  return passages;
}

function isText(node: ts.Node): node is ts.LiteralLikeNode {
  return ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node);
}

function isTestTitle({ parent: call }: ts.Node): boolean {
  if (!ts.isCallExpression(call)) return false;
  const [name = ''] = call.expression.getText().split(/[.(]/);
  return TEST_FUNCTIONS.has(name);
}

function unquoted(line: string): string {
  return line.replace(/`[^`]*`|\]\([^)]*\)|"[^"]*"/g, '');
}
