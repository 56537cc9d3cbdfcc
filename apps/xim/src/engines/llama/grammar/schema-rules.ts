/**
 * From a JSON schema to a grammar whose every text fits the schema. Objects are written with their properties in the order
 * of the schema, required ones always and optional ones or not.
 *
 * What a grammar cannot promise (`pattern`, `not`, `minimum` of a fraction, ...) is refused for a strict schema and left to the model
 * otherwise, as the specification has it for strict and for other schemas.
 */
import { AppError } from '@xerotier/errors';
import { literal } from './gbnf.ts';
import type { GbnfRules } from './gbnf.ts';
import { integerRange } from './integer-range.ts';
import { jsonInteger, jsonNumber, JsonRules } from './json-rules.ts';
import { fitsBounds, isObject, merged, valuesOf } from './schema-sets.ts';
import type { JsonSchema } from './schema-sets.ts';
import { stringFormats } from './string-formats.ts';

export type { JsonSchema } from './schema-sets.ts';

export interface SchemaOptions {
  /** The parameter of the request that holds the schema, for the errors. */
  readonly param: string;
  /** Whether a keyword that cannot be promised is refused. */
  readonly strict: boolean;
}

const DEPTH_MAX = 32;
/** Bounds of what may be counted by a grammar: repetitions are written out when it is read. */
const COUNT_MAX = 2_000;

/** Keywords that say nothing about what is valid. */
const ANNOTATIONS = new Set(
  [
    'title description default examples $comment $schema $id deprecated readOnly writeOnly $defs definitions strict contentMediaType contentEncoding',
  ].flatMap((words) => words.split(' ')),
);
/** Keywords that the grammar keeps. */
const KEPT = new Set(
  'type enum const anyOf oneOf allOf $ref properties required additionalProperties items prefixItems minItems maxItems minLength maxLength format'.split(
    ' ',
  ),
);
/** Keywords that it keeps for integers: libraries write the range of exact numbers into each of their integers. */
const BOUNDS = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'];
const TYPES = ['object', 'array', 'string', 'number', 'integer', 'boolean', 'null'] as const;
type TypeName = (typeof TYPES)[number];

/** Nothing fits a schema: an error of the whole, and of no consequence where there is another choice. */
class NothingFits extends Error {
  readonly refusal: AppError;

  constructor(refusal: AppError) {
    super(refusal.message);
    this.refusal = refusal;
  }
}

export class SchemaRules {
  readonly #rules: GbnfRules;
  readonly #json: JsonRules;
  readonly #root: JsonSchema;
  readonly #options: SchemaOptions;
  readonly #references = new Map<string, string>();
  /** References that were followed since the last object or list began: one of them again would go on for ever. */
  #followed: ReadonlySet<string> = new Set();

  constructor(rules: GbnfRules, root: JsonSchema, options: SchemaOptions) {
    this.#rules = rules;
    this.#json = new JsonRules(rules);
    this.#root = root;
    this.#options = options;
  }

  /** The rule of the whole schema. @throws {AppError} `request.invalid` that names the parameter and the keyword. */
  rule(): string {
    try {
      return this.#schema(this.#root, 0);
    } catch (error) {
      throw error instanceof NothingFits ? error.refusal : error;
    }
  }

  #schema(schema: unknown, depth: number): string {
    this.#rules.countSchema();
    if (depth > DEPTH_MAX) throw this.#refusal(`the schema is nested more than ${DEPTH_MAX} levels deep`);
    if (schema === true || schema === undefined) return this.#json.value();
    if (!isObject(schema)) throw this.#refusal('a schema must be an object or true');
    this.#checkKeywords(schema);
    if (typeof schema['$ref'] === 'string') return this.#reference(schema['$ref'], depth);
    const values = valuesOf(schema);
    if (values !== undefined)
      return this.#oneOf(
        values.filter((value) => fitsBounds(schema, value)).map((value) => () => this.#constant(value)),
      );
    const choices = schema['anyOf'] ?? schema['oneOf'];
    if (Array.isArray(choices))
      return this.#oneOf(
        choices.map((choice) => () => this.#schema(merged(without(schema, 'anyOf', 'oneOf'), choice), depth + 1)),
      );
    if (Array.isArray(schema['allOf']))
      return this.#schema(
        schema['allOf'].map((part) => this.#resolved(part, depth)).reduce(merged, without(schema, 'allOf')),
        depth + 1,
      );
    const types = this.#typesOf(schema);
    return types.length === 0
      ? this.#json.value()
      : this.#oneOf(types.map((type) => () => this.#typed(type, schema, depth)));
  }

  #typed(type: TypeName, schema: JsonSchema, depth: number): string {
    switch (type) {
      case 'object':
        return this.#inside(() => this.#object(schema, depth));
      case 'array':
        return this.#inside(() => this.#array(schema, depth));
      case 'string':
        return this.#string(schema);
      case 'number':
        return this.#rules.add('number', jsonNumber);
      case 'integer':
        return this.#integer(schema);
      case 'boolean':
        return this.#rules.add('boolean', '"true" | "false"');
      case 'null':
        return this.#rules.add('null', '"null"');
    }
  }

  /** Something is written before what stands inside, so that references may lead back to where they come from. */
  #inside(rule: () => string): string {
    const followed = this.#followed;
    this.#followed = new Set();
    try {
      return rule();
    } finally {
      this.#followed = followed;
    }
  }

  #object(schema: JsonSchema, depth: number): string {
    if (schema['properties'] !== undefined && !isObject(schema['properties']))
      throw this.#refusal('properties must be an object');
    const properties = isObject(schema['properties']) ? schema['properties'] : {};
    const required = new Set(Array.isArray(schema['required']) ? schema['required'].map(String) : []);
    const names = [...new Set([...Object.keys(properties), ...required])];
    const additional = schema['additionalProperties'];
    const unknown = additional === false ? names.find((name) => !Object.hasOwn(properties, name)) : undefined;
    if (unknown !== undefined)
      throw this.#nothingFits(`${shown(unknown)} is required, and additionalProperties allows no such property`);
    if (names.length === 0 && additional !== false)
      return isObject(additional) ? this.#map(additional, depth) : this.#json.object();
    const pairs = names.map((name) => ({
      isRequired: required.has(name),
      rule: `${literal(JSON.stringify(name))} ${this.#json.colon} ${this.#schema(properties[name] ?? true, depth + 1)}`,
    }));
    return this.#rules.add('object', `"{" ${this.#json.gap} ${this.#members(pairs)} ${this.#json.gap} "}"`);
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
  #map(values: JsonSchema, depth: number): string {
    const pair = this.#rules.add('pair', `${this.#json.string} ${this.#json.colon} ${this.#schema(values, depth + 1)}`);
    return this.#rules.add(
      'map',
      `"{" ${this.#json.gap} (${pair} (${this.#json.comma} ${pair})* ${this.#json.gap})? "}"`,
    );
  }

  #array(schema: JsonSchema, depth: number): string {
    const first = Array.isArray(schema['prefixItems']) ? schema['prefixItems'] : [];
    const min = this.#count(schema, 'minItems') ?? 0;
    const max = this.#count(schema, 'maxItems');
    this.#checkRange('Items', min, max);
    const listed = first.slice(0, max).map((item) => this.#schema(item, depth + 1));
    const mayGoOn = schema['items'] !== false && (max === undefined || max > listed.length);
    if (!mayGoOn && min > listed.length) throw this.#nothingFits('minItems is more than there are items');
    const item = mayGoOn ? this.#schema(schema['items'] ?? true, depth + 1) : '""';
    const more = mayGoOn
      ? this.#rules.repeated(
          `(${this.#json.comma} ${item})`,
          Math.max(0, min - Math.max(listed.length, 1)),
          max && max - Math.max(listed.length, 1),
        )
      : '';
    const body = listed.length > 0 ? [listed.join(` ${this.#json.comma} `), more] : mayGoOn ? [item, more] : [];
    // A rule of its own: llama.cpp multiplies repetitions that stand in each other.
    const whole = body.length === 0 ? '' : this.#rules.add('items', body.join(' '));
    const inside = min === 0 && listed.length === 0 ? `(${whole === '' ? '""' : whole})?` : whole;
    return this.#rules.add('array', `"[" ${this.#json.gap} ${inside} ${this.#json.gap} "]"`);
  }

  #integer(schema: JsonSchema): string {
    const bound = (keyword: string, open: number): number => {
      const value = schema[keyword] ?? open;
      if (typeof value === 'number') return value;
      throw this.#refusal(`${keyword} must be a number`);
    };
    if (BOUNDS.every((keyword) => schema[keyword] === undefined)) return this.#rules.add('integer', jsonInteger);
    const range = integerRange(
      Math.max(bound('minimum', -Infinity), Math.floor(bound('exclusiveMinimum', -Infinity)) + 1),
      Math.min(bound('maximum', Infinity), Math.ceil(bound('exclusiveMaximum', Infinity)) - 1),
    );
    if (range === undefined) throw this.#nothingFits('no integer is within its minimum and maximum');
    return this.#rules.add('integer', range);
  }

  #string(schema: JsonSchema): string {
    if (schema['format'] !== undefined && this.#options.strict && ('minLength' in schema || 'maxLength' in schema))
      throw this.#refusal('a format and a length together cannot be promised');
    const format = typeof schema['format'] === 'string' ? stringFormats[schema['format']] : undefined;
    if (format !== undefined) return this.#rules.add('format', `"\\"" ${format} "\\""`);
    if (schema['format'] !== undefined && this.#options.strict)
      throw this.#refusal(`the format ${shown(schema['format'])} cannot be promised`);
    const min = this.#count(schema, 'minLength') ?? 0;
    const max = this.#count(schema, 'maxLength');
    this.#checkRange('Length', min, max);
    if (min === 0 && max === undefined) return this.#json.string;
    return this.#rules.add('string', `"\\"" ${this.#rules.repeated(this.#json.character, min, max)} "\\""`);
  }

  #constant(value: unknown): string {
    return this.#rules.add('constant', literal(JSON.stringify(value)));
  }

  /** Choices that nothing fits are left out, as long as there are others. */
  #oneOf(choices: readonly (() => string)[]): string {
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
    if (rules.length === 0) throw impossible ?? this.#nothingFits('a choice without anything to choose from');
    return rules.length === 1 ? (rules[0] as string) : this.#rules.add('choice', [...new Set(rules)].join(' | '));
  }

  /** A definition that is referred to is one rule, so it may refer to itself. */
  #reference(reference: string, depth: number): string {
    if (this.#followed.has(reference)) throw this.#refusal(`$ref ${shown(reference)} leads back to itself`);
    const known = this.#references.get(reference);
    if (known !== undefined) return known;
    const target = this.#target(reference);
    const name = this.#rules.reserve('definition');
    this.#references.set(reference, name);
    const followed = this.#followed;
    this.#followed = new Set([...followed, reference]);
    try {
      this.#rules.define(name, this.#schema(target, depth + 1));
    } catch (error) {
      // What refers to it again has to fail again.
      this.#references.delete(reference);
      throw error;
    } finally {
      this.#followed = followed;
    }
    return name;
  }

  #resolved(schema: unknown, depth: number): JsonSchema {
    this.#rules.countSchema();
    if (depth > DEPTH_MAX) throw this.#refusal(`the schema is nested more than ${DEPTH_MAX} levels deep`);
    if (!isObject(schema)) throw this.#refusal('allOf holds something that is not a schema');
    return typeof schema['$ref'] === 'string' ? this.#resolved(this.#target(schema['$ref']), depth + 1) : schema;
  }

  #target(reference: string): unknown {
    if (!/^#(\/|$)/.test(reference)) throw this.#refusal(`$ref ${shown(reference)} does not point into the schema`);
    const path = reference
      .split('/')
      .slice(1)
      .map((part) => decoded(part).replaceAll('~1', '/').replaceAll('~0', '~'));
    const target = path.reduce<unknown>(
      (at, part) => (isObject(at) && Object.hasOwn(at, part) ? at[part] : undefined),
      this.#root,
    );
    if (target === undefined) throw this.#refusal(`$ref ${shown(reference)} points to nothing`);
    return target;
  }

  #typesOf(schema: JsonSchema): TypeName[] {
    const named = [schema['type'] ?? []].flat();
    const unknown = named.find((type) => !TYPES.includes(type as TypeName));
    if (unknown !== undefined) throw this.#refusal(`there is no type ${shown(unknown)}`);
    if (named.length > 0) return named as TypeName[];
    if ('properties' in schema || 'required' in schema || 'additionalProperties' in schema) return ['object'];
    if ('items' in schema || 'prefixItems' in schema) return ['array'];
    return 'minLength' in schema || 'maxLength' in schema || 'format' in schema ? ['string'] : [];
  }

  #checkRange(what: 'Items' | 'Length', min: number, max: number | undefined): void {
    if (max !== undefined && min > max) throw this.#nothingFits(`min${what} is more than max${what}`);
  }

  #nothingFits(reason: string): NothingFits {
    return new NothingFits(this.#refusal(reason));
  }

  #count(schema: JsonSchema, keyword: string): number | undefined {
    const value = schema[keyword];
    if (value === undefined) return undefined;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > COUNT_MAX)
      throw this.#refusal(`${keyword} must be a whole number from 0 to ${COUNT_MAX}`);
    return value;
  }

  #checkKeywords(schema: JsonSchema): void {
    if (!this.#options.strict) return;
    const kept = (keyword: string): boolean =>
      KEPT.has(keyword) ||
      ANNOTATIONS.has(keyword) ||
      // Beside other types they would bind those too; without them they say nothing.
      (BOUNDS.includes(keyword) && [schema['type']].flat().every((type) => type === 'integer' || type === 'null'));
    const unknown = Object.keys(schema).find((keyword) => !kept(keyword));
    if (unknown !== undefined)
      throw this.#refusal(`the keyword ${shown(unknown)} cannot be promised; leave it out, or set strict to false`);
  }

  #refusal(reason: string): AppError {
    const { param } = this.#options;
    return new AppError('request.invalid', { reason: `Invalid schema for '${param}': ${reason}.` }, { param });
  }
}

function without(schema: JsonSchema, ...keywords: string[]): JsonSchema {
  return Object.fromEntries(Object.entries(schema).filter(([keyword]) => !keywords.includes(keyword)));
}

/** A reference is a URI: spaces and the like are written as percent codes. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function shown(value: unknown): string {
  return `'${String(value).slice(0, 64)}'`;
}
