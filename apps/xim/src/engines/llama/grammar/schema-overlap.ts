/**
 * Determines whether a value of one choice of a `oneOf` may match another choice, too. Returns true unless the choices are
 * certainly disjoint: their types differ, or their values, or one requires a property that the other does not allow.
 */
import { NUMBER_BOUNDS, textOf } from './json-schema.ts';
import type { TypeName } from './json-schema.ts';
import { allowedValues, intersection, namesOf, propertyOf, typesOf } from './plain-schema.ts';
import type { PlainSchema, SchemaParts } from './plain-schema.ts';
import type { SchemaReader } from './schema-reader.ts';

/** Levels of properties that are compared: choices usually differ near the top. */
const LEVELS_MAX = 3;

/** @throws {AppError} `request.invalid` when one of the other choices is invalid. */
export function mayMatchAnother(plain: PlainSchema, reader: SchemaReader): boolean {
  const generated = asGenerated(plain);
  return plain.chosen.some(({ choices, at }) =>
    choices.some((choice, other) => other !== at && mayMatch(generated, choice, reader)),
  );
}

function mayMatch(generated: PlainSchema, choice: unknown, reader: SchemaReader): boolean {
  return reader.alternatives([choice]).some((alternative) => {
    reader.countComparison();
    if (areDisjoint(generated, alternative, reader)) return false;
    return mayHaveValue(intersection(generated, alternative), reader, 0);
  });
}

/** Fast path for the common case: the values of a required property are disjoint. */
function areDisjoint(one: PlainSchema, other: PlainSchema, reader: SchemaReader): boolean {
  if (one.types?.includes('object') !== true || one.types.length > 1) return false;
  return [...other.required].some((name) => {
    const [values, others] = [one, other].map((plain) => valuesOf(propertyOf(plain, name), reader));
    return values !== undefined && others !== undefined && [...values].every((value) => !others.has(value));
  });
}

/** Returns the texts of the values of a property; undefined when they are not enumerated. */
function valuesOf(parts: SchemaParts, reader: SchemaReader): ReadonlySet<string> | undefined {
  const values = reader.alternatives(parts).map((plain) => plain.values);
  return values.includes(undefined) ? undefined : new Set(values.flatMap((listed) => (listed ?? []).map(textOf)));
}

/** The grammar generates objects with their named properties only. */
function asGenerated(plain: PlainSchema): PlainSchema {
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
      return [...plain.required].every((name) => mayBePresent(propertyOf(plain, name), reader, level + 1));
    case 'string':
      return isRangeSatisfiable(plain, 'minLength', 'maxLength');
    case 'array':
      return isRangeSatisfiable(plain, 'minItems', 'maxItems');
    case 'number':
    case 'integer':
      return mayBeNumber(plain);
    default:
      return true;
  }
}

function mayBePresent(parts: SchemaParts, reader: SchemaReader, level: number): boolean {
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

function isRangeSatisfiable({ bounds }: PlainSchema, min: string, max: string): boolean {
  return !(Number(bounds[min] ?? 0) > Number(bounds[max] ?? Infinity));
}
