/** zod schemas as the JSON Schemas of the document: what a client may send, and what it has to be ready to read. */
import { z } from 'zod';
import { components } from './components.ts';

export type JsonSchema = Readonly<Record<string, unknown>>;

/**
 * A request is described by what is read, before it is transformed. Responses are too: a reader must not mind a field that is
 * added later, so their objects are open.
 *
 * What zod cannot know of a schema, such as the form behind a transform, is written in its `meta({ jsonSchema })`.
 */
const OPTIONS = {
  io: 'input',
  // Checks of our own: `jsonSchema` says what zod cannot know of them.
  unrepresentable: 'any',
  override: ({ jsonSchema }: { jsonSchema: z.core.JSONSchema.BaseSchema }): void => {
    // What zod says of every integer, and which tells nobody anything.
    if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
    if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
    const { jsonSchema: given, description } = jsonSchema as { jsonSchema?: JsonSchema; description?: string };
    if (given === undefined) return;
    for (const key of Object.keys(jsonSchema)) delete jsonSchema[key];
    Object.assign(jsonSchema, { ...(description !== undefined && { description }), ...given });
  },
} as const;

function referenceTo(id: string): JsonSchema {
  return { $ref: `#/components/schemas/${id}` };
}

/** All that have a name; one inside another is a reference. */
export function namedSchemas(): Record<string, JsonSchema> {
  const named = z.toJSONSchema(components, { ...OPTIONS, uri: (id) => referenceTo(id)['$ref'] as string });
  return Object.fromEntries(
    Object.entries(named.schemas).map(([name, described]) => {
      const { $schema: _dialect, $id: _place, ...schema } = described as JsonSchema;
      return [name, schema];
    }),
  );
}

/** A body: the reference of what has a name, or of each of its alternatives. */
export function bodySchema(schema: z.core.$ZodType): JsonSchema {
  const name = components.get(schema)?.id;
  if (name !== undefined) return referenceTo(name);
  if (schema instanceof z.ZodUnion) return { anyOf: schema.options.map(bodySchema) };
  throw new Error("A body needs a name in the document: schema.register(components, { id: '...' }).");
}

export interface JsonField {
  readonly name: string;
  readonly isRequired: boolean;
  readonly schema: JsonSchema;
}

/** The fields of an object by themselves, as parameters are written. */
export function jsonFields(object: z.ZodObject): JsonField[] {
  const { properties = {}, required = [] } = z.toJSONSchema(object, OPTIONS);
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    isRequired: required.includes(name) && (schema as JsonSchema)['default'] === undefined,
    schema: schema as JsonSchema,
  }));
}
