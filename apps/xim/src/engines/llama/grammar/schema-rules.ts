/**
 * From a JSON schema to a grammar whose every text fits the schema. Objects are written with their properties in the order
 * of the schema, required ones always and optional ones or not; where a schema names properties, no others are written.
 *
 * What a grammar cannot promise (`pattern`, `not`, `minimum` of a fraction, ...) is rejected in a strict schema and left to the
 * model otherwise, as the specification has it for strict and for other schemas.
 */
import type { AppError } from '@xerotier/errors';
import { literal } from './gbnf.ts';
import type { GbnfRules } from './gbnf.ts';
import { integerRange } from './integer-range.ts';
import { jsonInteger, jsonNumber, JsonRules } from './json-rules.ts';
import { NUMBER_BOUNDS, shown } from './json-schema.ts';
import type { JsonSchema, TypeName } from './json-schema.ts';
import { allowedValues, namesOf, propertyOf, typesOf } from './plain-schema.ts';
import type { PlainSchema, SchemaParts } from './plain-schema.ts';
import { mayFitAnother } from './schema-overlap.ts';
import { SchemaReader } from './schema-reader.ts';
import type { SchemaOptions } from './schema-reader.ts';
import { stringFormats } from './string-formats.ts';

export type { JsonSchema } from './json-schema.ts';

const DEPTH_MAX = 32;
/** Bounds of what may be counted by a grammar: repetitions are written out when it is read. */
const COUNT_MAX = 2_000;

/** Nothing fits a schema: an error of the whole, and of no consequence where there is another choice. */
class NothingFits extends Error {
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
  /** The rules of schemas, and why others have none. */
  readonly #done = new Map<string, string | NothingFits>();
  /** Schemas whose rule is being made; one that contains itself has got the name of its rule already. */
  readonly #open = new Map<string, { name?: string }>();

  constructor(rules: GbnfRules, root: JsonSchema, options: SchemaOptions) {
    this.#rules = rules;
    this.#json = new JsonRules(rules);
    this.#reader = new SchemaReader(root, options, rules);
    this.#root = root;
    this.#strict = options.strict;
  }

  /**
   * The rule of the whole schema.
   * @param besides schemas that hold for the value, too.
   * @throws {AppError} `request.invalid` that names the parameter and the keyword.
   */
  rule(...besides: SchemaParts): string {
    try {
      return this.#rule([...besides, this.#root], 0);
    } catch (error) {
      throw error instanceof NothingFits ? error.rejection : error;
    }
  }

  /** Equal schemas share a rule, so they may refer to themselves. */
  #rule(parts: SchemaParts, depth: number): string {
    this.#rules.countSchemas(1);
    if (depth > DEPTH_MAX) throw this.#reader.rejection(`the schema is nested more than ${DEPTH_MAX} levels deep`);
    const key = this.#reader.keyOf(parts);
    if (key === '') return this.#json.value();
    const known = this.#done.get(key);
    if (known instanceof NothingFits) throw known;
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
      if (!(error instanceof NothingFits)) throw error;
      // What was made meanwhile may refer to it, and has to be made again.
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
    this.#checkPromised(plain);
    const types = typesOf(plain);
    if (types === undefined) return this.#json.value();
    return this.#choice(types.map((type) => () => this.#typed(type, plain, depth)));
  }

  /** What a strict schema asks for only as a whole. */
  #checkPromised(plain: PlainSchema): void {
    if (!this.#strict) return;
    const bound = NUMBER_BOUNDS.find((keyword) => keyword in plain.bounds);
    if (bound !== undefined && (plain.types === undefined || plain.types.includes('number')))
      throw this.#reader.rejection(`the keyword ${shown(bound)} cannot be promised of anything but integers`);
    if (mayFitAnother(plain, this.#reader))
      throw this.#reader.rejection(
        "the keyword 'oneOf' cannot be promised where a value may fit several of its choices; use anyOf",
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
      throw this.#nothingFits(`${shown(name)} is required, and additionalProperties allows no such property`);
    return this.#rule(parts, depth + 1);
  }

  /** An object that requires no property: an empty one where the schema says which there are, and says none. */
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
   * All members: a required one comes, an optional one comes or does not. Put together from the last one on, twice: for
   * when something stands before it, and so a comma, and for when nothing does.
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

  /** An object of any names. */
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
      // Nothing can stand here, nor behind it.
      if (item === undefined) return this.#list(listed, undefined, min, max);
      listed.push(item);
    }
    const mayGoOn = max === undefined || max > listed.length;
    const item = mayGoOn ? this.#ruleIfAny(plain.items ?? [], depth + 1) : undefined;
    return this.#list(listed, item, min, max);
  }

  /**
   * Those items that are listed come, as far as they may.
   * @param item the rule of what follows them; undefined when nothing may.
   */
  #list(listed: readonly string[], item: string | undefined, min: number, max: number | undefined): string {
    if (item === undefined && min > listed.length) throw this.#nothingFits('minItems is more than there are items');
    const head = listed.length > 0 || item === undefined ? listed : [item];
    const body = [head.join(` ${this.#json.comma} `)];
    if (item !== undefined) {
      const [atLeast, atMost] = [Math.max(0, min - head.length), max && max - head.length];
      body.push(this.#rules.repeated(`(${this.#json.comma} ${item})`, atLeast, atMost));
    }
    // A rule of its own: llama.cpp multiplies repetitions that stand in each other.
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
    if (range === undefined) throw this.#nothingFits('no integer is within its minimum and maximum');
    return this.#rules.add('integer', range);
  }

  #string(plain: PlainSchema): string {
    const { formats, bounds } = plain;
    const [format] = formats;
    if (this.#strict && format !== undefined && ('minLength' in bounds || 'maxLength' in bounds))
      throw this.#reader.rejection('a format and a length together cannot be promised');
    if (this.#strict && formats.length > 1)
      throw this.#reader.rejection(`the formats ${formats.map(shown).join(' and ')} together cannot be promised`);
    const known = typeof format === 'string' ? stringFormats[format] : undefined;
    if (known !== undefined) return this.#rules.add('format', `"\\"" ${known} "\\""`);
    if (this.#strict && format !== undefined)
      throw this.#reader.rejection(`the format ${shown(format)} cannot be promised`);
    const min = this.#counted(plain, 'minLength') ?? 0;
    const max = this.#counted(plain, 'maxLength');
    this.#checkRange('Length', min, max);
    if (min === 0 && max === undefined) return this.#json.string;
    return this.#rules.add('string', `"\\"" ${this.#rules.repeated(this.#json.character, min, max)} "\\""`);
  }

  #constant(value: unknown): string {
    return this.#rules.add('constant', literal(JSON.stringify(value)));
  }

  /** Choices that nothing fits are left out, as long as there are others. */
  #choice(choices: readonly (() => string)[]): string {
    const rules: string[] = [];
    let impossible: NothingFits | undefined;
    for (const choice of choices) {
      try {
        rules.push(choice());
      } catch (error) {
        if (!(error instanceof NothingFits)) throw error;
        impossible ??= error;
      }
    }
    if (rules.length === 0) throw impossible ?? this.#nothingFits('no value fits all of its keywords');
    return rules.length === 1 ? (rules[0] as string) : this.#rules.add('choice', [...new Set(rules)].join(' | '));
  }

  /** Undefined when nothing fits. */
  #ruleIfAny(parts: SchemaParts, depth: number): string | undefined {
    try {
      return this.#rule(parts, depth);
    } catch (error) {
      if (error instanceof NothingFits) return undefined;
      throw error;
    }
  }

  #checkRange(what: 'Items' | 'Length', min: number, max: number | undefined): void {
    if (max !== undefined && min > max) throw this.#nothingFits(`min${what} is more than max${what}`);
  }

  #nothingFits(reason: string): NothingFits {
    return new NothingFits(this.#reader.rejection(reason));
  }

  #counted({ bounds }: PlainSchema, keyword: string): number | undefined {
    const value = bounds[keyword];
    if (value === undefined) return undefined;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > COUNT_MAX)
      throw this.#reader.rejection(`${keyword} must be a whole number from 0 to ${COUNT_MAX}`);
    return value;
  }
}
