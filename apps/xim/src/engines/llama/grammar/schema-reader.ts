/**
 * Reads the schemas of one document: resolves `$ref` and combines all schemas that apply to a value. Keywords next to `$ref`,
 * `allOf`, `anyOf`, `oneOf`, `enum` and `const` apply like those inside them.
 */
import { AppError } from '@xerotier/errors';
import { isObject, isOfType, isWithinBounds, malformed, quoted, textOf, unsupportedKeyword } from './json-schema.ts';
import type { JsonSchema } from './json-schema.ts';
import { ANYTHING, intersection, itemAt, plainSchema, propertyOf } from './plain-schema.ts';
import type { PlainSchema, SchemaParts } from './plain-schema.ts';

export interface SchemaOptions {
  /** The parameter of the request that holds the schema, for the errors. */
  readonly param: string;
  /** Whether keywords that a grammar cannot enforce are rejected. */
  readonly strict: boolean;
}

/** Counts the work, and throws when it exceeds its limits. */
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

  /** Returns the same key for equal parts; empty when they match any value. */
  keyOf(parts: SchemaParts): string {
    const constraining = parts.map((part) => this.#target(part)).filter((part) => part !== true && part !== undefined);
    const ids = constraining.map((part) => this.#ids.get(part) ?? this.#newId(part));
    return [...new Set(ids)].sort((one, other) => one - other).join(' ');
  }

  /**
   * Returns the alternatives of the parts: a value matches the parts if it matches one alternative. Without strict mode it may
   * match several choices of a `oneOf`.
   * @throws {AppError} `request.invalid` for an invalid schema, or for an unsupported keyword in strict mode.
   */
  alternatives(parts: SchemaParts): readonly PlainSchema[] {
    const key = this.keyOf(parts);
    const known = this.#read.get(key);
    if (known !== undefined) return known;
    const found = this.#all(parts, 0, new Set());
    this.#read.set(key, found);
    return found;
  }

  /** Whether a value matches all parts. Keywords that a grammar cannot enforce are ignored. */
  accepts(parts: SchemaParts, value: unknown): boolean {
    return parts.every((part) => this.#accepts(part, value));
  }

  /** Counts a comparison of two schemas. @throws {AppError} `request.invalid` at the limit. */
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

  /** @param followed the references that were followed to this schema, to detect cycles. */
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
      if (followed.has(reference)) throw this.rejection(`$ref ${quoted(reference)} is circular`);
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
    const problem = malformed(schema);
    if (problem !== undefined) throw this.rejection(problem);
    const unsupported = this.#options.strict ? unsupportedKeyword(schema) : undefined;
    if (unsupported !== undefined)
      throw this.rejection(
        `the keyword ${quoted(unsupported)} is not supported in strict mode; remove it or set strict to false`,
      );
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

  /** Resolves a schema that consists of a reference only. */
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
    if (!/^#(\/|$)/.test(reference))
      throw this.rejection(`$ref ${quoted(reference)} must refer to a part of the same schema`);
    const path = reference
      .split('/')
      .slice(1)
      .map((part) => decoded(part).replaceAll('~1', '/').replaceAll('~0', '~'));
    const target = path.reduce<unknown>(
      (at, part) =>
        (isObject(at) || Array.isArray(at)) && Object.hasOwn(at, part) ? (at as JsonSchema)[part] : undefined,
      this.#root,
    );
    if (target === undefined) throw this.rejection(`$ref ${quoted(reference)} cannot be resolved`);
    return target;
  }
}

function listIn(schema: JsonSchema, keyword: string): readonly unknown[] | undefined {
  return Array.isArray(schema[keyword]) ? (schema[keyword] as unknown[]) : undefined;
}

/** A reference is a URI and may be percent-encoded. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
