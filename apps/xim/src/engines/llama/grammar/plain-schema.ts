/**
 * A schema without `$ref`, `allOf`, `anyOf` and `oneOf`. Its subschemas for properties and items are unresolved
 * {@link SchemaParts}, since a schema may be recursive.
 */
import { isObject, isOfType, isWithinBounds, listOf, LOWER_BOUNDS, textOf, UPPER_BOUNDS } from './json-schema.ts';
import type { JsonSchema, TypeName } from './json-schema.ts';

/** Schemas that all apply to a value; an empty list matches any value. */
export type SchemaParts = readonly unknown[];

export interface PlainSchema {
  /** Undefined for any type. */
  readonly types: readonly TypeName[] | undefined;
  /** The values of `enum` and `const`; undefined when there is neither. */
  readonly values: readonly unknown[] | undefined;
  /** The bounds of numbers, strings and arrays by keyword, verbatim. */
  readonly bounds: JsonSchema;
  readonly formats: readonly unknown[];
  /** Undefined when the schema has no `properties`. */
  readonly properties: ReadonlyMap<string, SchemaParts> | undefined;
  readonly required: ReadonlySet<string>;
  /** `additionalProperties`; undefined when absent. */
  readonly additional: SchemaParts | undefined;
  readonly prefixItems: readonly SchemaParts[];
  /** `items`, which apply after `prefixItems`; undefined when absent. */
  readonly items: SchemaParts | undefined;
  /** The chosen choices of each `oneOf`: no other choice may match. */
  readonly chosen: readonly ChoiceOfOne[];
}

export interface ChoiceOfOne {
  readonly choices: readonly unknown[];
  readonly at: number;
}

/** Matches any value. */
export const ANYTHING: PlainSchema = {
  types: undefined,
  values: undefined,
  bounds: {},
  formats: [],
  properties: undefined,
  required: new Set(),
  additional: undefined,
  prefixItems: [],
  items: undefined,
  chosen: [],
};

const BOUNDS = [...LOWER_BOUNDS, ...UPPER_BOUNDS];

/** Returns the schema without its `$ref`, `allOf`, `anyOf` and `oneOf`. */
export function plainSchema(schema: JsonSchema): PlainSchema {
  const listed = Array.isArray(schema['enum']) ? (schema['enum'] as unknown[]) : undefined;
  const constant = 'const' in schema ? [schema['const']] : undefined;
  const properties = schema['properties'];
  return {
    types: schema['type'] == null ? undefined : (listOf(schema['type']) as TypeName[]),
    values: both(listed, constant, commonValues),
    bounds: Object.fromEntries(BOUNDS.filter((name) => schema[name] != null).map((name) => [name, schema[name]])),
    formats: schema['format'] == null ? [] : [schema['format']],
    properties: isObject(properties)
      ? new Map(Object.entries(properties).map(([name, of]) => [name, [of]]))
      : undefined,
    required: new Set(listOf(schema['required'] ?? []) as string[]),
    additional: schema['additionalProperties'] == null ? undefined : [schema['additionalProperties']],
    prefixItems: listOf(schema['prefixItems'] ?? []).map((item) => [item]),
    items: schema['items'] == null ? undefined : [schema['items']],
    chosen: [],
  };
}

/** Returns a schema that matches the values that match both. */
export function intersection(one: PlainSchema, other: PlainSchema): PlainSchema {
  return {
    types: both(one.types, other.types, commonTypes),
    values: both(one.values, other.values, commonValues),
    bounds: tighterBounds(one.bounds, other.bounds),
    formats: [...new Set([...one.formats, ...other.formats])],
    properties: bothProperties(one, other),
    required: new Set([...one.required, ...other.required]),
    additional: both(one.additional, other.additional, joined),
    prefixItems: Array.from({ length: Math.max(one.prefixItems.length, other.prefixItems.length) }, (_, at) =>
      joined(itemAt(one, at), itemAt(other, at)),
    ),
    items: both(one.items, other.items, joined),
    chosen: [...one.chosen, ...other.chosen],
  };
}

/** Returns the schemas of a property, including those of an additional one. */
export function propertyOf({ properties, additional = [] }: PlainSchema, name: string): SchemaParts {
  return properties?.get(name) ?? additional;
}

/** Returns the schemas of the item at this index. */
export function itemAt({ prefixItems, items = [] }: PlainSchema, at: number): SchemaParts {
  return prefixItems[at] ?? items;
}

/** Returns the names of the generated properties: those of `properties` in order, then those that are only required. */
export function namesOf({ properties, required }: PlainSchema): string[] {
  return [...new Set([...(properties?.keys() ?? []), ...required])];
}

/** Returns the types of a schema, or the type that its keywords imply; undefined when there is neither. */
export function typesOf(plain: PlainSchema): readonly TypeName[] | undefined {
  const { types, properties, required, additional, prefixItems, items, bounds, formats } = plain;
  if (types !== undefined) return types;
  if (properties !== undefined || required.size > 0 || additional !== undefined) return ['object'];
  if (items !== undefined || prefixItems.length > 0 || 'minItems' in bounds || 'maxItems' in bounds) return ['array'];
  return 'minLength' in bounds || 'maxLength' in bounds || formats.length > 0 ? ['string'] : undefined;
}

/** Returns the enumerated values that match the types and bounds of the schema. Subschemas are not checked. */
export function allowedValues({ values, types, bounds }: PlainSchema): readonly unknown[] | undefined {
  return values?.filter(
    (value) => (types === undefined || types.some((type) => isOfType(value, type))) && isWithinBounds(value, bounds),
  );
}

function both<T>(one: T | undefined, other: T | undefined, common: (one: T, other: T) => T): T | undefined {
  return one === undefined || other === undefined ? (one ?? other) : common(one, other);
}

function joined(one: SchemaParts, other: SchemaParts): SchemaParts {
  return [...new Set([...one, ...other])];
}

/** A property that only one of them names is an additional property of the other. */
function bothProperties(one: PlainSchema, other: PlainSchema): PlainSchema['properties'] {
  if (one.properties === undefined && other.properties === undefined) return undefined;
  const names = new Set([...(one.properties?.keys() ?? []), ...(other.properties?.keys() ?? [])]);
  return new Map([...names].map((name) => [name, joined(propertyOf(one, name), propertyOf(other, name))]));
}

function tighterBounds(one: JsonSchema, other: JsonSchema): JsonSchema {
  const bounds: Record<string, unknown> = { ...one, ...other };
  for (const [keywords, tighter] of [
    [LOWER_BOUNDS, Math.max],
    [UPPER_BOUNDS, Math.min],
  ] as const)
    for (const keyword of keywords) {
      const [a, b] = [one[keyword], other[keyword]];
      if (typeof a === 'number' && typeof b === 'number') bounds[keyword] = tighter(a, b);
    }
  return bounds;
}

function commonTypes(ones: readonly TypeName[], others: readonly TypeName[]): TypeName[] {
  const common = ones.flatMap((type): TypeName[] => {
    if (others.includes(type)) return [type];
    // Every integer is a number.
    if (type === 'integer' && others.includes('number')) return ['integer'];
    return type === 'number' && others.includes('integer') ? ['integer'] : [];
  });
  return [...new Set(common)];
}

function commonValues(ones: readonly unknown[], others: readonly unknown[]): unknown[] {
  const texts = new Set(others.map(textOf));
  return ones.filter((value) => texts.has(textOf(value)));
}
