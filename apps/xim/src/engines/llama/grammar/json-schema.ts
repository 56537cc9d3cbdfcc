/** The subset of JSON Schema that a grammar can enforce. */

export type JsonSchema = Readonly<Record<string, unknown>>;

export const TYPES = ['object', 'array', 'string', 'number', 'integer', 'boolean', 'null'] as const;
export type TypeName = (typeof TYPES)[number];

/** Bounds of which the larger one is tighter. */
export const LOWER_BOUNDS = ['minimum', 'exclusiveMinimum', 'minItems', 'minLength'];
/** Bounds of which the smaller one is tighter. */
export const UPPER_BOUNDS = ['maximum', 'exclusiveMaximum', 'maxItems', 'maxLength'];
/** Bounds of numbers. A grammar enforces them for integers, to which libraries add the range of safe integers. */
export const NUMBER_BOUNDS = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'];

/** Keywords that the grammar enforces. */
const ENFORCED = [
  ...['type', 'enum', 'const', '$ref', 'anyOf', 'oneOf', 'allOf', 'format', ...LOWER_BOUNDS, ...UPPER_BOUNDS],
  ...['properties', 'required', 'additionalProperties', 'items', 'prefixItems'],
];
/** Keywords that do not affect validation. */
const ANNOTATIONS = [
  ...['title', 'description', 'default', 'examples', '$comment', '$schema', '$id', '$defs', 'definitions', 'strict'],
  ...['deprecated', 'readOnly', 'writeOnly', 'contentMediaType', 'contentEncoding'],
];
const KNOWN: ReadonlySet<string> = new Set([...ENFORCED, ...ANNOTATIONS]);

export function isObject(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Returns the first keyword that is neither enforced nor an annotation. */
export function unsupportedKeyword(schema: JsonSchema): string | undefined {
  return Object.keys(schema).find((keyword) => !KNOWN.has(keyword));
}

const LISTS = ['enum', 'anyOf', 'oneOf', 'allOf', 'required', 'prefixItems'];

/**
 * Returns the error in the keywords of a schema, regardless of its subschemas; undefined when there is none. `null` counts as
 * an omitted keyword: some libraries write it for an empty list.
 */
export function malformed(schema: JsonSchema): string | undefined {
  const type = listOf(schema['type'] ?? []).find((name) => !TYPES.includes(name as TypeName));
  if (type !== undefined) return `unknown type ${quoted(type)}`;
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

/** Quotes a value for an error message. */
export function quoted(value: unknown): string {
  return `'${String(value).slice(0, 64)}'`;
}

/** Whether a value is of a type. */
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

/** Whether a value is within the bounds of a schema for its type. */
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

/** Returns the same text for equal values, regardless of the order of properties. */
export function textOf(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    isObject(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([one], [other]) => (one < other ? -1 : 1)))
      : inner,
  );
}
