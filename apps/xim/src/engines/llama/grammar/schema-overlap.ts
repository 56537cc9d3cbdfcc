/**
 * Whether what is written for one choice of a `oneOf` might fit another choice as well. Says so unless it is certain that
 * it does not: then the types differ, or the values, or a property that one requires and the other does not allow.
 */
import { NUMBER_BOUNDS, textOf } from './json-schema.ts';
import type { TypeName } from './json-schema.ts';
import { allowedValues, intersection, namesOf, propertyOf, typesOf } from './plain-schema.ts';
import type { PlainSchema, SchemaParts } from './plain-schema.ts';
import type { SchemaReader } from './schema-reader.ts';

/** Levels of properties that are looked into: what tells choices apart is near the top. */
const LEVELS_MAX = 3;

/** @throws {AppError} `request.invalid` when one of the other choices cannot be read. */
export function mayFitAnother(plain: PlainSchema, reader: SchemaReader): boolean {
  const written = asWritten(plain);
  return plain.chosen.some(({ choices, at }) =>
    choices.some((choice, other) => other !== at && mayFit(written, choice, reader)),
  );
}

function mayFit(written: PlainSchema, choice: unknown, reader: SchemaReader): boolean {
  return reader.alternatives([choice]).some((alternative) => {
    reader.countComparison();
    if (areToldApart(written, alternative, reader)) return false;
    return mayHaveValue(intersection(written, alternative), reader, 0);
  });
}

/** The common case, by less work: a required property has other values in the one than in the other. */
function areToldApart(one: PlainSchema, other: PlainSchema, reader: SchemaReader): boolean {
  if (one.types?.includes('object') !== true || one.types.length > 1) return false;
  return [...other.required].some((name) => {
    const [values, others] = [one, other].map((plain) => valuesOf(propertyOf(plain, name), reader));
    return values !== undefined && others !== undefined && [...values].every((value) => !others.has(value));
  });
}

/** The texts of the values that a property may have; undefined when they are not listed. */
function valuesOf(parts: SchemaParts, reader: SchemaReader): ReadonlySet<string> | undefined {
  const values = reader.alternatives(parts).map((plain) => plain.values);
  return values.includes(undefined) ? undefined : new Set(values.flatMap((listed) => (listed ?? []).map(textOf)));
}

/** Objects are written with the properties that are named, and no others. */
function asWritten(plain: PlainSchema): PlainSchema {
  const names = namesOf(plain);
  const types = typesOf(plain);
  if (names.length === 0 && (plain.properties === undefined || plain.additional !== undefined))
    return { ...plain, types };
  const properties = new Map(names.map((name) => [name, propertyOf(plain, name)]));
  return { ...plain, types, properties, additional: [false] };
}

function mayHaveValue(plain: PlainSchema, reader: SchemaReader, level: number): boolean {
  if (allowedValues(plain)?.length === 0) return false;
  return plain.types?.some((type) => mayBe(type, plain, reader, level)) ?? true;
}

function mayBe(type: TypeName, plain: PlainSchema, reader: SchemaReader, level: number): boolean {
  switch (type) {
    case 'object':
      return [...plain.required].every((name) => mayBeThere(propertyOf(plain, name), reader, level + 1));
    case 'string':
      return inOrder(plain, 'minLength', 'maxLength');
    case 'array':
      return inOrder(plain, 'minItems', 'maxItems');
    case 'number':
    case 'integer':
      return mayBeNumber(plain);
    default:
      return true;
  }
}

function mayBeThere(parts: SchemaParts, reader: SchemaReader, level: number): boolean {
  return level > LEVELS_MAX || reader.alternatives(parts).some((plain) => mayHaveValue(plain, reader, level));
}

function mayBeNumber(plain: PlainSchema): boolean {
  const [min, max, above, below] = NUMBER_BOUNDS.map((keyword) => plain.bounds[keyword]);
  const isLess = (one: unknown, other: unknown): boolean =>
    typeof one === 'number' && typeof other === 'number' && one < other;
  const isAtMost = (one: unknown, other: unknown): boolean =>
    isLess(one, other) || (one !== undefined && one === other);
  return !isLess(max, min) && !isAtMost(max, above) && !isAtMost(below, min) && !isAtMost(below, above);
}

function inOrder({ bounds }: PlainSchema, min: string, max: string): boolean {
  return !(Number(bounds[min] ?? 0) > Number(bounds[max] ?? Infinity));
}
