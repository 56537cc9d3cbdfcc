/** Converts zod schemas to the JSON Schemas of the document. */
import { z } from 'zod';
import { components } from './components.ts';

export type JsonSchema = Readonly<Record<string, unknown>>;

/**
 * Requests are described before they are transformed. So are responses, which keeps their objects open: clients must ignore
 * fields that are added later.
 *
 * What zod cannot derive, such as the input of a transform of `unknown`, is specified by `meta({ jsonSchema })`.
 */
const OPTIONS = {
  io: 'input',
  // For custom checks, which `jsonSchema` describes.
  unrepresentable: 'any',
  override: ({ jsonSchema }: { jsonSchema: z.core.JSONSchema.BaseSchema }): void => {
    // zod adds these to every integer.
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

/** Returns all named schemas; they reference each other. */
export function namedSchemas(): Record<string, JsonSchema> {
  const named = z.toJSONSchema(components, { ...OPTIONS, uri: (id) => referenceTo(id)['$ref'] as string });
  return Object.fromEntries(
    Object.entries(named.schemas).map(([name, described]) => {
      const { $schema: _dialect, $id: _place, ...schema } = described as JsonSchema;
      return [name, schema];
    }),
  );
}

/** Returns the reference to a named schema, or to each alternative of a union. */
export function bodySchema(schema: z.core.$ZodType): JsonSchema {
  const name = components.get(schema)?.id;
  if (name !== undefined) return referenceTo(name);
  if (schema instanceof z.ZodUnion) return { anyOf: schema.options.map(bodySchema) };
  throw new Error("The schema of a body must have a name: schema.register(components, { id: '...' }).");
}

export interface JsonField {
  readonly name: string;
  readonly isRequired: boolean;
  readonly schema: JsonSchema;
}

/** Returns the fields of an object separately, for parameters. */
export function jsonFields(object: z.ZodObject): JsonField[] {
  const { properties = {}, required = [] } = z.toJSONSchema(object, OPTIONS);
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    isRequired: required.includes(name) && (schema as JsonSchema)['default'] === undefined,
    schema: schema as JsonSchema,
  }));
}
