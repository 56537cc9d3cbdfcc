/**
 * Reads the schemas of one document: follows `$ref`, and brings everything that holds for a value together, wherever it is
 * written. Keywords beside `$ref`, `allOf`, `anyOf`, `oneOf`, `enum` and `const` count like those inside them.
 */
import { AppError } from '@xerotier/errors';
import { isObject, isOfType, isWithinBounds, malformed, shown, textOf, unknownKeyword } from './json-schema.ts';
import type { JsonSchema } from './json-schema.ts';
import { ANYTHING, intersection, itemAt, plainSchema, propertyOf } from './plain-schema.ts';
import type { PlainSchema, SchemaParts } from './plain-schema.ts';

export interface SchemaOptions {
  /** The parameter of the request that holds the schema, for the errors. */
  readonly param: string;
  /** Whether a keyword that cannot be promised is rejected. */
  readonly strict: boolean;
}

/** Is told of work, and throws when it becomes too much. */
export interface WorkCounter {
  countSchemas(count: number): void;
  countComparison(): void;
}

const DEPTH_MAX = 32;

export class SchemaReader {
  readonly #root: JsonSchema;
  readonly #options: SchemaOptions;
  readonly #work: WorkCounter;
  readonly #ids = new Map<unknown, number>();
  readonly #read = new Map<string, readonly PlainSchema[]>();
  readonly #plain = new Map<JsonSchema, PlainSchema>();
  readonly #values = new Map<JsonSchema, ReadonlySet<string>>();

  constructor(root: JsonSchema, options: SchemaOptions, work: WorkCounter) {
    this.#root = root;
    this.#options = options;
    this.#work = work;
  }

  /** The same for parts that say the same; empty when they say nothing. */
  keyOf(parts: SchemaParts): string {
    const telling = parts.map((part) => this.#target(part)).filter((part) => part !== true && part !== undefined);
    const ids = telling.map((part) => this.#ids.get(part) ?? this.#newId(part));
    return [...new Set(ids)].sort((one, other) => one - other).join(' ');
  }

  /**
   * A value fits the parts when it fits one of these. In a schema that is not strict it may fit several choices of a
   * `oneOf`, too.
   * @throws {AppError} `request.invalid` for a schema that is malformed, or that a strict schema cannot be held to.
   */
  alternatives(parts: SchemaParts): readonly PlainSchema[] {
    const key = this.keyOf(parts);
    const known = this.#read.get(key);
    if (known !== undefined) return known;
    const found = this.#all(parts, 0, new Set());
    this.#read.set(key, found);
    return found;
  }

  /** Whether a value fits all parts. Of keywords that a grammar does not keep nothing is known. */
  accepts(parts: SchemaParts, value: unknown): boolean {
    return parts.every((part) => this.#accepts(part, value));
  }

  /** One more pair of schemas is compared. @throws {AppError} `request.invalid` when they are too many. */
  countComparison(): void {
    this.#work.countComparison();
  }

  rejection(reason: string): AppError {
    const { param } = this.#options;
    return new AppError('request.invalid', { reason: `Invalid schema for '${param}': ${reason}.` }, { param });
  }

  #newId(part: unknown): number {
    this.#ids.set(part, this.#ids.size);
    return this.#ids.size - 1;
  }

  #all(parts: SchemaParts, depth: number, followed: ReadonlySet<string>): readonly PlainSchema[] {
    return parts.reduce<readonly PlainSchema[]>(
      (found, part) => this.#product(found, this.#alternativesOf(part, depth, followed)),
      [ANYTHING],
    );
  }

  #product(ones: readonly PlainSchema[], others: readonly PlainSchema[]): PlainSchema[] {
    return ones.flatMap((one) => others.map((other) => this.#intersection(one, other)));
  }

  #intersection(one: PlainSchema, other: PlainSchema): PlainSchema {
    this.#work.countSchemas(1 + (one.properties?.size ?? 0) + (other.properties?.size ?? 0));
    return intersection(one, other);
  }

  /** @param followed references to this very value: one of them again would go on for ever. */
  #alternativesOf(schema: unknown, depth: number, followed: ReadonlySet<string>): readonly PlainSchema[] {
    this.#work.countSchemas(1);
    if (depth > DEPTH_MAX) throw this.rejection(`the schema is nested more than ${DEPTH_MAX} levels deep`);
    if (schema === true || schema === undefined) return [ANYTHING];
    if (schema === false) return [];
    if (!isObject(schema)) throw this.rejection('a schema must be an object or a boolean');
    const plain = this.#plainOf(schema);
    const inner = (part: unknown): readonly PlainSchema[] => this.#alternativesOf(part, depth + 1, followed);
    let found: readonly PlainSchema[] = [plain];
    const reference = schema['$ref'];
    if (typeof reference === 'string') {
      if (followed.has(reference)) throw this.rejection(`$ref ${shown(reference)} leads back to itself`);
      const target = this.#find(reference);
      found = this.#product(found, this.#alternativesOf(target, depth + 1, new Set([...followed, reference])));
    }
    for (const part of listIn(schema, 'allOf') ?? []) found = this.#product(found, inner(part));
    const choices = listIn(schema, 'anyOf');
    if (choices !== undefined) found = this.#product(found, choices.flatMap(inner));
    const exclusive = listIn(schema, 'oneOf');
    if (exclusive !== undefined) {
      const chosen = exclusive.flatMap((choice, at) =>
        inner(choice).map((plain) => ({ ...plain, chosen: [...plain.chosen, { choices: exclusive, at }] })),
      );
      found = this.#product(found, chosen);
    }
    return found;
  }

  #textsOf(schema: JsonSchema, values: readonly unknown[]): ReadonlySet<string> {
    const known = this.#values.get(schema) ?? new Set(values.map(textOf));
    this.#values.set(schema, known);
    return known;
  }

  #plainOf(schema: JsonSchema): PlainSchema {
    const known = this.#plain.get(schema);
    if (known !== undefined) return known;
    this.#check(schema);
    const plain = plainSchema(schema);
    this.#plain.set(schema, plain);
    return plain;
  }

  #check(schema: JsonSchema): void {
    const wrong = malformed(schema);
    if (wrong !== undefined) throw this.rejection(wrong);
    const unknown = this.#options.strict ? unknownKeyword(schema) : undefined;
    if (unknown !== undefined)
      throw this.rejection(`the keyword ${shown(unknown)} cannot be promised; leave it out, or set strict to false`);
  }

  #accepts(schema: unknown, value: unknown, depth = 0): boolean {
    this.#work.countComparison();
    if (depth > DEPTH_MAX) throw this.rejection(`the schema is nested more than ${DEPTH_MAX} levels deep`);
    if (!isObject(schema)) return schema !== false;
    const accepts = (part: unknown): boolean => this.#accepts(part, value, depth + 1);
    const reference = schema['$ref'];
    return (
      this.#acceptsByItself(schema, value, depth) &&
      (typeof reference !== 'string' || accepts(this.#find(reference))) &&
      (listIn(schema, 'allOf') ?? []).every(accepts) &&
      (listIn(schema, 'anyOf')?.some(accepts) ?? true) &&
      (listIn(schema, 'oneOf') ?? [true]).filter(accepts).length === 1
    );
  }

  #acceptsByItself(schema: JsonSchema, value: unknown, depth: number): boolean {
    const plain = this.#plainOf(schema);
    const accepts = (parts: SchemaParts, inner: unknown): boolean =>
      parts.every((part) => this.#accepts(part, inner, depth + 1));
    if (plain.types?.some((type) => isOfType(value, type)) === false) return false;
    if (plain.values !== undefined && !this.#textsOf(schema, plain.values).has(textOf(value))) return false;
    if (!isWithinBounds(value, plain.bounds)) return false;
    if (Array.isArray(value)) return value.every((item, at) => accepts(itemAt(plain, at), item));
    if (!isObject(value)) return true;
    return (
      [...plain.required].every((name) => Object.hasOwn(value, name)) &&
      Object.entries(value).every(([name, inner]) => accepts(propertyOf(plain, name), inner))
    );
  }

  /** A schema that is a reference and nothing else is what it refers to. */
  #target(schema: unknown): unknown {
    const seen = new Set<unknown>();
    let at = schema;
    while (isObject(at) && typeof at['$ref'] === 'string' && Object.keys(at).length === 1 && !seen.has(at)) {
      seen.add(at);
      at = this.#find(at['$ref']);
    }
    return at;
  }

  #find(reference: string): unknown {
    if (!/^#(\/|$)/.test(reference)) throw this.rejection(`$ref ${shown(reference)} does not point into the schema`);
    const path = reference
      .split('/')
      .slice(1)
      .map((part) => decoded(part).replaceAll('~1', '/').replaceAll('~0', '~'));
    const target = path.reduce<unknown>(
      (at, part) =>
        (isObject(at) || Array.isArray(at)) && Object.hasOwn(at, part) ? (at as JsonSchema)[part] : undefined,
      this.#root,
    );
    if (target === undefined) throw this.rejection(`$ref ${shown(reference)} points to nothing`);
    return target;
  }
}

function listIn(schema: JsonSchema, keyword: string): readonly unknown[] | undefined {
  return Array.isArray(schema[keyword]) ? (schema[keyword] as unknown[]) : undefined;
}

/** A reference is a URI: spaces and the like are written as percent codes. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
