/** What JSON schemas are made of, as far as a grammar can promise it. */

export type JsonSchema = Readonly<Record<string, unknown>>;

export const TYPES = ['object', 'array', 'string', 'number', 'integer', 'boolean', 'null'] as const;
export type TypeName = (typeof TYPES)[number];

/** Bounds of which the larger one is the tighter. */
export const LOWER_BOUNDS = ['minimum', 'exclusiveMinimum', 'minItems', 'minLength'];
/** Bounds of which the smaller one is the tighter. */
export const UPPER_BOUNDS = ['maximum', 'exclusiveMaximum', 'maxItems', 'maxLength'];
/** Bounds of numbers. A grammar keeps them for integers: libraries write the range of exact numbers into each of those. */
export const NUMBER_BOUNDS = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'];

/** Keywords that the grammar keeps. */
const KEPT = [
  ...['type', 'enum', 'const', '$ref', 'anyOf', 'oneOf', 'allOf', 'format', ...LOWER_BOUNDS, ...UPPER_BOUNDS],
  ...['properties', 'required', 'additionalProperties', 'items', 'prefixItems'],
];
/** Keywords that say nothing about what is valid. */
const ANNOTATIONS = [
  ...['title', 'description', 'default', 'examples', '$comment', '$schema', '$id', '$defs', 'definitions', 'strict'],
  ...['deprecated', 'readOnly', 'writeOnly', 'contentMediaType', 'contentEncoding'],
];
const KNOWN: ReadonlySet<string> = new Set([...KEPT, ...ANNOTATIONS]);

export function isObject(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The first keyword that is neither kept nor an annotation. */
export function unknownKeyword(schema: JsonSchema): string | undefined {
  return Object.keys(schema).find((keyword) => !KNOWN.has(keyword));
}

const LISTS = ['enum', 'anyOf', 'oneOf', 'allOf', 'required', 'prefixItems'];

/**
 * What is wrong with the keywords of one schema, whatever is inside it; undefined when nothing is. `null` is the same as
 * leaving a keyword out: some libraries write it for an empty list.
 */
export function malformed(schema: JsonSchema): string | undefined {
  const type = listOf(schema['type'] ?? []).find((name) => !TYPES.includes(name as TypeName));
  if (type !== undefined) return `there is no type ${shown(type)}`;
  const list = LISTS.find((keyword) => schema[keyword] != null && !Array.isArray(schema[keyword]));
  if (list !== undefined) return `${list} must be an array`;
  const names = listOf(schema['required'] ?? []);
  if (names.some((name) => typeof name !== 'string')) return 'required must be an array of strings';
  if (schema['properties'] != null && !isObject(schema['properties'])) return 'properties must be an object';
  return schema['$ref'] == null || typeof schema['$ref'] === 'string' ? undefined : '$ref must be a string';
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}

/** For messages. */
export function shown(value: unknown): string {
  return `'${String(value).slice(0, 64)}'`;
}

/** Whether a value is of a type and within the bounds of that type. */
export function isOfType(value: unknown, type: TypeName): boolean {
  switch (type) {
    case 'object':
      return isObject(value);
    case 'array':
      return Array.isArray(value);
    case 'integer':
      return Number.isInteger(value);
    case 'null':
      return value === null;
    default:
      return typeof value === type;
  }
}

/** Whether a value is within the bounds that a schema has for values of its type. */
export function isWithinBounds(value: unknown, bounds: JsonSchema): boolean {
  const within = (size: number, min: unknown, max: unknown): boolean =>
    (typeof min !== 'number' || size >= min) && (typeof max !== 'number' || size <= max);
  if (typeof value === 'string') return within([...value].length, bounds['minLength'], bounds['maxLength']);
  if (Array.isArray(value)) return within(value.length, bounds['minItems'], bounds['maxItems']);
  if (typeof value !== 'number') return true;
  const [above, below] = [bounds['exclusiveMinimum'], bounds['exclusiveMaximum']];
  return (
    within(value, bounds['minimum'], bounds['maximum']) &&
    (typeof above !== 'number' || value > above) &&
    (typeof below !== 'number' || value < below)
  );
}

/** The same text for equal values, in whatever order their properties are. */
export function textOf(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    isObject(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([one], [other]) => (one < other ? -1 : 1)))
      : inner,
  );
}
