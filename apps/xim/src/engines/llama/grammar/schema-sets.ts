/** Schemas as the sets of what fits them: what fits two of them, and whether a value fits one. */

export type JsonSchema = Readonly<Record<string, unknown>>;

const LOWER_BOUNDS = ['minimum', 'exclusiveMinimum', 'minItems', 'minLength'];
const UPPER_BOUNDS = ['maximum', 'exclusiveMaximum', 'maxItems', 'maxLength'];

export function isObject(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * What fits both. Of bounds the tighter one counts, types and values are those that both have (none at all is an `enum` of
 * nothing), properties and required names are joined; of any other keyword that both have, the second one's.
 */
export function merged(one: JsonSchema, other: unknown): JsonSchema {
  if (!isObject(other)) return one;
  const both: Record<string, unknown> = { ...one, ...other };
  for (const keyword of LOWER_BOUNDS) keepTighter(both, keyword, one[keyword], other[keyword], Math.max);
  for (const keyword of UPPER_BOUNDS) keepTighter(both, keyword, one[keyword], other[keyword], Math.min);
  const [values, others] = [valuesOf(one), valuesOf(other)];
  if (values !== undefined && others !== undefined) {
    delete both['const'];
    both['enum'] = values.filter((value) => others.some((another) => equal(value, another)));
  }
  if (one['type'] !== undefined && other['type'] !== undefined) {
    both['type'] = commonTypes(listOf(one['type']), listOf(other['type']));
    if ((both['type'] as unknown[]).length === 0) return { enum: [] };
  }
  if (one['additionalProperties'] === false || other['additionalProperties'] === false)
    both['additionalProperties'] = false;
  const properties = { ...asObject(one['properties']), ...asObject(other['properties']) };
  for (const [name, schema] of Object.entries(asObject(one['properties'])))
    if (isObject(schema) && name in asObject(other['properties']))
      properties[name] = merged(schema, asObject(other['properties'])[name]);
  if (Object.keys(properties).length > 0) both['properties'] = properties;
  const required = [...listOf(one['required'] ?? []), ...listOf(other['required'] ?? [])];
  if (required.length > 0) both['required'] = required;
  return both;
}

/** The values that `enum` and `const` leave; undefined when there is neither. */
export function valuesOf(schema: JsonSchema): readonly unknown[] | undefined {
  const listed = Array.isArray(schema['enum']) ? schema['enum'] : undefined;
  if (!('const' in schema)) return listed;
  return listed === undefined || listed.some((value) => equal(value, schema['const'])) ? [schema['const']] : [];
}

/** Whether a value fits the type and the bounds of a schema; of other keywords nothing is known. */
export function fitsBounds(schema: JsonSchema, value: unknown): boolean {
  const types = listOf(schema['type'] ?? []);
  if (types.length > 0 && !types.some((type) => isOfType(value, type))) return false;
  const within = (size: number, min: unknown, max: unknown): boolean =>
    (typeof min !== 'number' || size >= min) && (typeof max !== 'number' || size <= max);
  if (typeof value === 'string') return within([...value].length, schema['minLength'], schema['maxLength']);
  if (Array.isArray(value)) return within(value.length, schema['minItems'], schema['maxItems']);
  if (typeof value !== 'number') return true;
  const [above, below] = [schema['exclusiveMinimum'], schema['exclusiveMaximum']];
  return (
    within(value, schema['minimum'], schema['maximum']) &&
    (typeof above !== 'number' || value > above) &&
    (typeof below !== 'number' || value < below)
  );
}

function keepTighter(
  both: Record<string, unknown>,
  keyword: string,
  one: unknown,
  other: unknown,
  tighter: (a: number, b: number) => number,
): void {
  if (typeof one === 'number' && typeof other === 'number') both[keyword] = tighter(one, other);
}

function commonTypes(ones: readonly unknown[], others: readonly unknown[]): unknown[] {
  const common = ones.flatMap((type) => {
    if (others.includes(type)) return [type];
    // Every integer is a number.
    if (type === 'integer' && others.includes('number')) return ['integer'];
    return type === 'number' && others.includes('integer') ? ['integer'] : [];
  });
  return [...new Set(common)];
}

function isOfType(value: unknown, type: unknown): boolean {
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

function equal(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [value];
}

function asObject(value: unknown): Record<string, unknown> {
  return isObject(value) ? { ...value } : {};
}
