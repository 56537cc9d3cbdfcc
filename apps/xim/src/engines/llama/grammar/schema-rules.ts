/**
 * Converts a JSON schema to a grammar that generates only matching texts. Objects have their properties in the order of the
 * schema, of which optional ones may be omitted; if a schema names properties, there are no others.
 *
 * Keywords that a grammar cannot enforce (`pattern`, `not`, `minimum` of a number, ...) are rejected in strict mode and left to
 * the model otherwise, as in the OpenAI specification.
 */
import type { AppError } from '@xerotier/errors';
import { literal } from './gbnf.ts';
import type { GbnfRules } from './gbnf.ts';
import { integerRange } from './integer-range.ts';
import { jsonInteger, jsonNumber, JsonRules } from './json-rules.ts';
import { NUMBER_BOUNDS, quoted } from './json-schema.ts';
import type { JsonSchema, TypeName } from './json-schema.ts';
import { allowedValues, namesOf, propertyOf, typesOf } from './plain-schema.ts';
import type { PlainSchema, SchemaParts } from './plain-schema.ts';
import { mayMatchAnother } from './schema-overlap.ts';
import { SchemaReader } from './schema-reader.ts';
import type { SchemaOptions } from './schema-reader.ts';
import { stringFormats } from './string-formats.ts';

export type { JsonSchema } from './json-schema.ts';

const DEPTH_MAX = 32;
/** Maximum of `minLength`, `maxItems` and the like: llama.cpp expands repetitions. */
const COUNT_MAX = 2_000;

/** No value matches a schema: an error for the whole schema, but ignored where there is another choice. */
class UnsatisfiableSchema extends Error {
  readonly rejection: AppError;

  constructor(rejection: AppError) {
    super(rejection.message);
    this.rejection = rejection;
  }
}

export class SchemaRules {
  readonly #rules: GbnfRules;
  readonly #json: JsonRules;
  readonly #reader: SchemaReader;
  readonly #root: JsonSchema;
  readonly #strict: boolean;
  /** The rules of schemas, or why a schema has none. */
  readonly #done = new Map<string, string | UnsatisfiableSchema>();
  /** Schemas whose rule is in progress; a recursive one already has the name of its rule. */
  readonly #open = new Map<string, { name?: string }>();

  constructor(rules: GbnfRules, root: JsonSchema, options: SchemaOptions) {
    this.#rules = rules;
    this.#json = new JsonRules(rules);
    this.#reader = new SchemaReader(root, options, rules);
    this.#root = root;
    this.#strict = options.strict;
  }

  /**
   * Returns the rule of the whole schema.
   * @param additional schemas that also apply to the value.
   * @throws {AppError} `request.invalid` naming the parameter and the keyword.
   */
  rule(...additional: SchemaParts): string {
    try {
      return this.#rule([...additional, this.#root], 0);
    } catch (error) {
      throw error instanceof UnsatisfiableSchema ? error.rejection : error;
    }
  }

  /** Equal schemas share a rule, so they may be recursive. */
  #rule(parts: SchemaParts, depth: number): string {
    this.#rules.countSchemas(1);
    if (depth > DEPTH_MAX) throw this.#reader.rejection(`the schema is nested more than ${DEPTH_MAX} levels deep`);
    const key = this.#reader.keyOf(parts);
    if (key === '') return this.#json.value();
    const known = this.#done.get(key);
    if (known instanceof UnsatisfiableSchema) throw known;
    if (known !== undefined) return known;
    const open = this.#open.get(key);
    if (open !== undefined) return (open.name ??= this.#rules.reserve('definition'));
    return this.#make(key, parts, depth);
  }

  #make(key: string, parts: SchemaParts, depth: number): string {
    const own: { name?: string } = {};
    const before = this.#done.size;
    this.#open.set(key, own);
    try {
      const body = this.#choice(
        this.#reader.alternatives(parts).map((plain) => () => this.#plain(plain, parts, depth)),
      );
      if (own.name !== undefined) this.#rules.define(own.name, body);
      const rule = own.name ?? body;
      this.#done.set(key, rule);
      return rule;
    } catch (error) {
      if (!(error instanceof UnsatisfiableSchema)) throw error;
      // Rules that were created meanwhile may refer to it and must be created again.
      if (own.name !== undefined)
        for (const [made, rule] of [...this.#done].slice(before)) if (typeof rule === 'string') this.#done.delete(made);
      this.#done.set(key, error);
      throw error;
    } finally {
      this.#open.delete(key);
    }
  }

  #plain(plain: PlainSchema, parts: SchemaParts, depth: number): string {
    const values = allowedValues(plain)?.filter((value) => this.#reader.accepts(parts, value));
    if (values !== undefined) return this.#choice(values.map((value) => () => this.#constant(value)));
    this.#checkStrict(plain);
    const types = typesOf(plain);
    if (types === undefined) return this.#json.value();
    return this.#choice(types.map((type) => () => this.#typed(type, plain, depth)));
  }

  /** Rejects combinations of keywords that are not supported in strict mode. */
  #checkStrict(plain: PlainSchema): void {
    if (!this.#strict) return;
    const bound = NUMBER_BOUNDS.find((keyword) => keyword in plain.bounds);
    if (bound !== undefined && (plain.types === undefined || plain.types.includes('number')))
      throw this.#reader.rejection(`the keyword ${quoted(bound)} is supported in strict mode for integers only`);
    if (mayMatchAnother(plain, this.#reader))
      throw this.#reader.rejection(
        "the keyword 'oneOf' is not supported in strict mode where a value may match several of its choices; use anyOf",
      );
  }

  #typed(type: TypeName, plain: PlainSchema, depth: number): string {
    switch (type) {
      case 'object':
        return this.#object(plain, depth);
      case 'array':
        return this.#array(plain, depth);
      case 'string':
        return this.#string(plain);
      case 'number':
        return this.#rules.add('number', jsonNumber);
      case 'integer':
        return this.#integer(plain);
      case 'boolean':
        return this.#rules.add('boolean', '"true" | "false"');
      case 'null':
        return this.#rules.add('null', '"null"');
    }
  }

  #object(plain: PlainSchema, depth: number): string {
    const names = namesOf(plain);
    if (names.length === 0) return this.#unnamed(plain, depth);
    const pairs = names.flatMap((name) => {
      const isRequired = plain.required.has(name);
      const value = isRequired
        ? this.#required(name, plain, depth)
        : this.#ruleIfAny(propertyOf(plain, name), depth + 1);
      if (value === undefined) return [];
      return [{ isRequired, rule: `${literal(JSON.stringify(name))} ${this.#json.colon} ${value}` }];
    });
    if (pairs.length === 0) return this.#empty();
    return this.#rules.add('object', `"{" ${this.#json.gap} ${this.#members(pairs)} ${this.#json.gap} "}"`);
  }

  #required(name: string, plain: PlainSchema, depth: number): string {
    const parts = propertyOf(plain, name);
    if (plain.properties?.has(name) !== true && parts.includes(false))
      throw this.#unsatisfiable(`${quoted(name)} is required, but additionalProperties does not allow it`);
    return this.#rule(parts, depth + 1);
  }

  /** An object without named properties: an empty one if `properties` is empty, and any object if it is absent. */
  #unnamed({ properties, additional }: PlainSchema, depth: number): string {
    if (additional === undefined) return properties === undefined ? this.#json.object() : this.#empty();
    const values = this.#ruleIfAny(additional, depth + 1);
    if (values === undefined) return this.#empty();
    return this.#reader.keyOf(additional) === '' ? this.#json.object() : this.#map(values);
  }

  #empty(): string {
    return this.#rules.add('empty', '"{}"');
  }

  /**
   * All members, of which optional ones may be omitted. Built backwards from the last one, in two variants: with a comma after
   * a preceding member, and without one for the first member.
   */
  #members(pairs: readonly { isRequired: boolean; rule: string }[]): string {
    let [following, first] = ['""', '""'];
    for (const { isRequired, rule } of pairs.toReversed()) {
      const own = `${rule} ${following}`;
      first = this.#rules.add('members', isRequired ? own : `${own} | ${first}`);
      const withComma = `${this.#json.comma} ${own}`;
      following = this.#rules.add('members', isRequired ? withComma : `${withComma} | ${following}`);
    }
    return first;
  }

  /** An object with any property names. */
  #map(values: string): string {
    const pair = this.#rules.add('pair', `${this.#json.string} ${this.#json.colon} ${values}`);
    return this.#rules.add(
      'map',
      `"{" ${this.#json.gap} (${pair} (${this.#json.comma} ${pair})* ${this.#json.gap})? "}"`,
    );
  }

  #array(plain: PlainSchema, depth: number): string {
    const min = this.#counted(plain, 'minItems') ?? 0;
    const max = this.#counted(plain, 'maxItems');
    this.#checkRange('Items', min, max);
    const listed: string[] = [];
    for (const parts of plain.prefixItems.slice(0, max)) {
      const item = this.#ruleIfAny(parts, depth + 1);
      // No item can be at this index, nor after it.
      if (item === undefined) return this.#list(listed, undefined, min, max);
      listed.push(item);
    }
    const mayGoOn = max === undefined || max > listed.length;
    const item = mayGoOn ? this.#ruleIfAny(plain.items ?? [], depth + 1) : undefined;
    return this.#list(listed, item, min, max);
  }

  /**
   * An array of the listed items, followed by further ones.
   * @param item the rule of the further items; undefined when there may be none.
   */
  #list(listed: readonly string[], item: string | undefined, min: number, max: number | undefined): string {
    if (item === undefined && min > listed.length) throw this.#unsatisfiable('minItems exceeds the number of items');
    const head = listed.length > 0 || item === undefined ? listed : [item];
    const body = [head.join(` ${this.#json.comma} `)];
    if (item !== undefined) {
      const [atLeast, atMost] = [Math.max(0, min - head.length), max && max - head.length];
      body.push(this.#rules.repeated(`(${this.#json.comma} ${item})`, atLeast, atMost));
    }
    // A separate rule, since llama.cpp multiplies nested repetitions.
    const whole = head.length === 0 ? '""' : this.#rules.add('items', body.join(' '));
    const inside = min === 0 && listed.length === 0 ? `(${whole})?` : whole;
    return this.#rules.add('array', `"[" ${this.#json.gap} ${inside} ${this.#json.gap} "]"`);
  }

  #integer({ bounds }: PlainSchema): string {
    const bound = (keyword: string, open: number): number => {
      const value = bounds[keyword] ?? open;
      if (typeof value === 'number') return value;
      throw this.#reader.rejection(`${keyword} must be a number`);
    };
    if (NUMBER_BOUNDS.every((keyword) => bounds[keyword] === undefined)) return this.#rules.add('integer', jsonInteger);
    const range = integerRange(
      Math.max(bound('minimum', -Infinity), Math.floor(bound('exclusiveMinimum', -Infinity)) + 1),
      Math.min(bound('maximum', Infinity), Math.ceil(bound('exclusiveMaximum', Infinity)) - 1),
    );
    if (range === undefined) throw this.#unsatisfiable('no integer is within its minimum and maximum');
    return this.#rules.add('integer', range);
  }

  #string(plain: PlainSchema): string {
    const { formats, bounds } = plain;
    const [format] = formats;
    if (this.#strict && format !== undefined && ('minLength' in bounds || 'maxLength' in bounds))
      throw this.#reader.rejection('a format combined with a length is not supported in strict mode');
    if (this.#strict && formats.length > 1)
      throw this.#reader.rejection(
        `combining the formats ${formats.map(quoted).join(' and ')} is not supported in strict mode`,
      );
    const known = typeof format === 'string' ? stringFormats[format] : undefined;
    if (known !== undefined) return this.#rules.add('format', `"\\"" ${known} "\\""`);
    if (this.#strict && format !== undefined)
      throw this.#reader.rejection(`the format ${quoted(format)} is not supported in strict mode`);
    const min = this.#counted(plain, 'minLength') ?? 0;
    const max = this.#counted(plain, 'maxLength');
    this.#checkRange('Length', min, max);
    if (min === 0 && max === undefined) return this.#json.string;
    return this.#rules.add('string', `"\\"" ${this.#rules.repeated(this.#json.character, min, max)} "\\""`);
  }

  #constant(value: unknown): string {
    return this.#rules.add('constant', literal(JSON.stringify(value)));
  }

  /** Omits unsatisfiable choices, as long as there are others. */
  #choice(choices: readonly (() => string)[]): string {
    const rules: string[] = [];
    let impossible: UnsatisfiableSchema | undefined;
    for (const choice of choices) {
      try {
        rules.push(choice());
      } catch (error) {
        if (!(error instanceof UnsatisfiableSchema)) throw error;
        impossible ??= error;
      }
    }
    if (rules.length === 0) throw impossible ?? this.#unsatisfiable('no value can match all of its keywords');
    return rules.length === 1 ? (rules[0] as string) : this.#rules.add('choice', [...new Set(rules)].join(' | '));
  }

  /** Returns undefined when the schema is unsatisfiable. */
  #ruleIfAny(parts: SchemaParts, depth: number): string | undefined {
    try {
      return this.#rule(parts, depth);
    } catch (error) {
      if (error instanceof UnsatisfiableSchema) return undefined;
      throw error;
    }
  }

  #checkRange(what: 'Items' | 'Length', min: number, max: number | undefined): void {
    if (max !== undefined && min > max) throw this.#unsatisfiable(`min${what} exceeds max${what}`);
  }

  #unsatisfiable(reason: string): UnsatisfiableSchema {
    return new UnsatisfiableSchema(this.#reader.rejection(reason));
  }

  #counted({ bounds }: PlainSchema, keyword: string): number | undefined {
    const value = bounds[keyword];
    if (value === undefined) return undefined;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > COUNT_MAX)
      throw this.#reader.rejection(`${keyword} must be an integer from 0 to ${COUNT_MAX}`);
    return value;
  }
}
