/** Samples random texts of a GBNF grammar: thousands in the time a model takes to generate one. */

/** Returns a number from 0 (inclusive) to 1 (exclusive). */
type Random = () => number;

type Node =
  | { readonly type: 'text'; readonly text: string }
  | {
      readonly type: 'characters';
      readonly ranges: readonly (readonly [number, number])[];
      readonly isNegated: boolean;
    }
  | { readonly type: 'rule'; readonly name: string }
  | { readonly type: 'sequence' | 'choice'; readonly nodes: readonly Node[] }
  | { readonly type: 'repeat'; readonly node: Node; readonly min: number; readonly max: number };

/** Maximum repetitions where the grammar has no upper bound. */
const REPEATED_MAX = 3;
/** Number of pieces after which the shortest derivation is chosen. */
const PIECES_MAX = 400;
/** Characters besides ASCII that `[^...]` is sampled from. */
const BEYOND_ASCII = [...'äß€日😀'].map((character) => character.codePointAt(0) as number);

export class GrammarSampler {
  readonly #rules: ReadonlyMap<string, Node>;
  /** Minimum nesting of rules in a complete text; infinite when there is none. */
  readonly #depths = new Map<string, number>();

  constructor(grammar: string) {
    const lines = grammar.split('\n').map((line) => line.split(' ::= ') as [string, string]);
    this.#rules = new Map(lines.map(([name, ...body]) => [name, new Parser(body.join(' ::= ')).choice()]));
    for (let isNew = true; isNew;) {
      isNew = false;
      for (const [name, node] of this.#rules) {
        const depth = this.#depth(node) + 1;
        if (depth >= (this.#depths.get(name) ?? Infinity)) continue;
        this.#depths.set(name, depth);
        isNew = true;
      }
    }
  }

  /** Returns a random text of the grammar. @throws {Error} when the grammar matches no finite text. */
  sample(random: Random): string {
    const root: Node = { type: 'rule', name: 'root' };
    if (this.#depth(root) === Infinity) throw new Error('The grammar matches no text.');
    const pieces: string[] = [];
    this.#write(root, random, pieces);
    return pieces.join('');
  }

  #depth(node: Node): number {
    switch (node.type) {
      case 'rule':
        return this.#depths.get(node.name) ?? Infinity;
      case 'sequence':
        return Math.max(0, ...node.nodes.map((part) => this.#depth(part)));
      case 'choice':
        return Math.min(...node.nodes.map((part) => this.#depth(part)));
      case 'repeat':
        return node.min === 0 ? 0 : this.#depth(node.node);
      default:
        return 0;
    }
  }

  #write(node: Node, random: Random, pieces: string[]): void {
    const isLong = pieces.length > PIECES_MAX;
    switch (node.type) {
      case 'text':
        pieces.push(node.text);
        return;
      case 'characters':
        pieces.push(String.fromCodePoint(sampleCharacter(node, random)));
        return;
      case 'rule':
        this.#write(this.#rules.get(node.name) as Node, random, pieces);
        return;
      case 'sequence':
        for (const part of node.nodes) this.#write(part, random, pieces);
        return;
      case 'choice': {
        const least = Math.min(...node.nodes.map((part) => this.#depth(part)));
        const possible = node.nodes.filter((part) =>
          isLong ? this.#depth(part) === least : this.#depth(part) < Infinity,
        );
        this.#write(oneOf(possible, random), random, pieces);
        return;
      }
      case 'repeat': {
        const more = isLong || this.#depth(node.node) === Infinity ? 0 : Math.min(REPEATED_MAX, node.max - node.min);
        const times = node.min + Math.floor(random() * (more + 1));
        for (let time = 0; time < times; time += 1) this.#write(node.node, random, pieces);
      }
    }
  }
}

function oneOf<T>(values: readonly T[], random: Random): T {
  return values[Math.floor(random() * values.length)] as T;
}

function sampleCharacter({ ranges, isNegated }: Extract<Node, { type: 'characters' }>, random: Random): number {
  const isIn = (code: number): boolean => ranges.some(([from, to]) => code >= from && code <= to);
  if (isNegated)
    return oneOf(
      [...Array.from({ length: 128 }, (_, code) => code), ...BEYOND_ASCII].filter((code) => !isIn(code)),
      random,
    );
  const [from, to] = oneOf(ranges, random);
  return from + Math.floor(random() * (to - from + 1));
}

/** Parses the body of one rule. */
class Parser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  choice(): Node {
    const nodes = [this.#sequence()];
    while (this.#accept('|')) nodes.push(this.#sequence());
    return { type: 'choice', nodes };
  }

  #sequence(): Node {
    const nodes: Node[] = [];
    for (;;) {
      const node = this.#item();
      if (node === undefined) return { type: 'sequence', nodes };
      nodes.push(this.#repeated(node));
    }
  }

  #item(): Node | undefined {
    if (this.#accept('(')) {
      const node = this.choice();
      if (!this.#accept(')')) throw new Error(`Unterminated group: ${this.#text}`);
      return node;
    }
    const text = this.#match(/"((?:[^"\\]|\\.)*)"/y);
    if (text !== undefined) return { type: 'text', text: charactersIn(text[1] as string).join('') };
    const characters = this.#match(/\[(\^?)((?:[^\]\\]|\\.)*)\]/y);
    if (characters !== undefined)
      return { type: 'characters', isNegated: characters[1] === '^', ranges: rangesIn(characters[2] as string) };
    const name = this.#match(/[a-z][a-z0-9-]*/y);
    return name === undefined ? undefined : { type: 'rule', name: name[0] };
  }

  #repeated(node: Node): Node {
    const count = this.#match(/[*+?]|\{(\d+)(,?)(\d*)\}/y);
    if (count === undefined) return node;
    const [sign, from, comma, to] = count;
    if (sign === '*') return { type: 'repeat', node, min: 0, max: Infinity };
    if (sign === '+') return { type: 'repeat', node, min: 1, max: Infinity };
    if (sign === '?') return { type: 'repeat', node, min: 0, max: 1 };
    const max = comma === '' ? from : to === '' ? Infinity : to;
    return { type: 'repeat', node, min: Number(from), max: Number(max) };
  }

  #accept(sign: string): boolean {
    this.#match(/ */y);
    const isNext = this.#text.startsWith(sign, this.#at);
    if (isNext) this.#at += sign.length;
    return isNext;
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    if (this.#text[this.#at] === ' ' && pattern.source !== ' *') this.#match(/ */y);
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match === null) return undefined;
    this.#at = pattern.lastIndex;
    return match;
  }
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

function charactersIn(text: string): string[] {
  return [...text.matchAll(/\\x([0-9a-fA-F]{2})|\\(.)|([^\\])/gsu)].map(([, code, escaped, plain]) => {
    if (code !== undefined) return String.fromCharCode(parseInt(code, 16));
    return escaped === undefined ? (plain as string) : (ESCAPES[escaped] ?? escaped);
  });
}

function rangesIn(text: string): [number, number][] {
  const characters = charactersIn(text);
  const codes = characters.map((character) => character.codePointAt(0) as number);
  const ranges: [number, number][] = [];
  for (let at = 0; at < codes.length; at += 1) {
    const from = codes[at] as number;
    const isRange = characters[at + 1] === '-' && at + 2 < codes.length;
    ranges.push([from, isRange ? (codes[at + 2] as number) : from]);
    if (isRange) at += 2;
  }
  return ranges;
}
