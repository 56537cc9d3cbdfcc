/** The grammar rules of JSON. White space is limited, since a model may otherwise generate it until its token limit. */
import type { GbnfRules } from './gbnf.ts';

/** Maximum nesting of arbitrary JSON: without a limit, a small model may open brackets forever. */
const DEPTH_MAX = 8;

const SPACE = '" "?';
/** Between the brackets and commas of an object or array: nothing, one space, or a line break with indentation. */
const GAP = '(" " | "\\n" [ \\t]{0,20})?';

export const jsonNumber = '"-"? ("0" | [1-9] [0-9]{0,15}) ("." [0-9]{1,16})? ([eE] [-+]? [0-9]{1,2})?';
export const jsonInteger = '"-"? ("0" | [1-9] [0-9]{0,15})';
/** An encoded character of a string. Lone surrogates are not allowed. */
const CHARACTER =
  '[^"\\\\\\x7F\\x00-\\x1F] | "\\\\" (["\\\\/bfnrt] | "u" ([0-9a-cA-CefEF] [0-9a-fA-F]{3} | [dD] [0-7] [0-9a-fA-F]{2}))';

export class JsonRules {
  readonly #rules: GbnfRules;

  constructor(rules: GbnfRules) {
    this.#rules = rules;
  }

  get character(): string {
    return this.#rules.add('character', CHARACTER);
  }

  get string(): string {
    return this.#rules.add('string', `"\\"" ${this.character}* "\\""`);
  }

  get colon(): string {
    return this.#rules.add('colon', `${SPACE} ":" ${SPACE}`);
  }

  get comma(): string {
    return this.#rules.add('comma', `"," ${GAP}`);
  }

  get gap(): string {
    return this.#rules.add('gap', GAP);
  }

  /** Any value. */
  value(depth = DEPTH_MAX): string {
    const scalars = [this.string, jsonNumber, '"true"', '"false"', '"null"'];
    const nested = depth === 0 ? [] : [this.object(depth - 1), this.array(depth - 1)];
    return this.#rules.add('value', [...scalars, ...nested].join(' | '));
  }

  /** Any object. */
  object(depth = DEPTH_MAX): string {
    const pair = this.#rules.add('pair', `${this.string} ${this.colon} ${this.value(depth)}`);
    return this.#rules.add('object', `"{" ${this.gap} (${pair} (${this.comma} ${pair})* ${this.gap})? "}"`);
  }

  array(depth = DEPTH_MAX): string {
    const item = this.value(depth);
    return this.#rules.add('array', `"[" ${this.gap} (${item} (${this.comma} ${item})* ${this.gap})? "]"`);
  }
}
