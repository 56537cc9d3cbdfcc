/** A JSON Schema as a reader sees it: the fields of an object with their types and bounds, those of inner objects below them. */
import type { JsonSchema } from '@xerotier/public-api/openapi';
import { inline, markup } from './markup.ts';
import type { Markup } from './markup.ts';

export function fieldList(schema: JsonSchema): Markup {
  return markup`${objectsIn(schema).map((object) => markup`<ul>${fieldsOf(object)}</ul>`)}`;
}

/** The type in words; a schema with a name is a link to it. */
export function typeText(schema: JsonSchema): Markup {
  const { $ref: reference, const: value, enum: values, type, items } = schema;
  if (typeof reference === 'string') {
    const name = reference.slice(reference.lastIndexOf('/') + 1);
    return markup`<a href="#${name}">${name}</a>`;
  }
  if (value !== undefined) return markup`<code>${JSON.stringify(value)}</code>`;
  if (Array.isArray(values)) return joined(values.map((one) => markup`<code>${String(one)}</code>`));
  const branches = branchesOf(schema);
  if (branches.length > 0) return joined(branches.map(typeText));
  if (type === 'array') return markup`list of ${typeText((items as JsonSchema | undefined) ?? {})}`;
  return markup`${type === undefined ? 'anything' : [type as string | string[]].flat().join(' or ')}`;
}

const RANGES = [
  ['minimum', 'maximum', ''],
  ['minLength', 'maxLength', ' characters'],
  ['minItems', 'maxItems', ' entries'],
  ['minProperties', 'maxProperties', ' pairs'],
] as const;

/** Bounds and default, in words. */
export function boundsText(schema: JsonSchema): string {
  const { pattern, default: otherwise } = schema;
  const [only, ...others] = branchesOf(schema).filter(({ type }) => type !== 'null');
  return [
    ...RANGES.map(([least, most, unit]) => rangeText(schema[least], schema[most], unit)),
    typeof pattern === 'string' ? `like ${pattern}` : '',
    otherwise === undefined ? '' : `by default ${JSON.stringify(otherwise)}`,
    // What may be null too has its bounds inside.
    only !== undefined && others.length === 0 ? boundsText(only) : '',
  ]
    .filter((part) => part !== '')
    .join(', ');
}

function rangeText(least: unknown, most: unknown, unit: string): string {
  if (typeof least === 'number' && typeof most === 'number') return `${least} to ${most}${unit}`;
  if (typeof least === 'number') return `at least ${least}${unit}`;
  return typeof most === 'number' ? `at most ${most}${unit}` : '';
}

function fieldsOf({ properties, required = [] }: JsonSchema): Markup[] {
  return Object.entries(properties as Readonly<Record<string, JsonSchema>>).map(([name, schema]) => {
    const { description } = schema;
    return markup`<li>${fieldText({
      name,
      type: typeText(schema),
      isRequired: (required as readonly string[]).includes(name),
      bounds: boundsText(schema),
      description: typeof description === 'string' ? description : '',
    })}${innerFields(schema)}</li>`;
  });
}

export interface FieldText {
  readonly name: string;
  readonly type: Markup;
  readonly isRequired: boolean;
  readonly bounds: string;
  readonly description: string;
}

/** One line about a field or a parameter. */
export function fieldText({ name, type, isRequired, bounds, description }: FieldText): Markup {
  const parts = [
    markup`<code>${name}</code>`,
    markup`<i>${type}</i>`,
    ...(isRequired ? [markup`<b>required</b>`] : []),
    ...(bounds === '' ? [] : [markup`<small>${bounds}</small>`]),
    ...(description === '' ? [] : [inline(description)]),
  ];
  return markup`${parts.map((part) => markup`${part} `)}`;
}

function innerFields(schema: JsonSchema): Markup | string {
  if (objectsIn(schema).length === 0) return '';
  return markup`<details><summary>fields</summary>${fieldList(schema)}</details>`;
}

/** The objects with fields of their own that a value may be, or be a list or a map of. */
function objectsIn(schema: JsonSchema): JsonSchema[] {
  if (Object.keys((schema['properties'] as object | undefined) ?? {}).length > 0) return [schema];
  const inside = [schema['items'], schema['additionalProperties'], ...branchesOf(schema)];
  return inside.flatMap((inner) => (typeof inner === 'object' && inner !== null ? objectsIn(inner as JsonSchema) : []));
}

function branchesOf(schema: JsonSchema): readonly JsonSchema[] {
  return [schema['anyOf'], schema['oneOf']].flatMap((branches) => (branches as JsonSchema[] | undefined) ?? []);
}

/** `a, b or c`, each once. */
function joined(all: readonly Markup[]): Markup {
  const parts = [...new Map(all.map((part) => [part.text, part])).values()];
  const separator = (at: number): string => (at === 0 ? '' : at === parts.length - 1 ? ' or ' : ', ');
  return markup`${parts.map((part, at) => markup`${separator(at)}${part}`)}`;
}
