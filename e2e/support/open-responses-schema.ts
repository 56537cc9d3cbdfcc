/** Validates responses and their events against the Open Responses document. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ValidateFunction } from 'ajv/dist/2020.js';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

type Json = Readonly<Record<string, unknown>>;

const fixture = join(import.meta.dirname, '../fixtures/open-responses-openapi.json');

export class OpenResponsesSchema {
  readonly #ajv: Ajv2020;
  readonly #eventSchemas: ReadonlyMap<string | undefined, string>;
  readonly #compiled = new Map<string, ValidateFunction>();

  constructor() {
    const document = JSON.parse(readFileSync(fixture, 'utf8')) as { components: { schemas: Record<string, Json> } };
    const { schemas } = document.components;
    const components = { schemas: extended({ ...schemas, ...withOutputSchemas(schemas) }, schemas) };
    this.#ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false });
    this.#ajv.addSchema({ $id: 'open-responses', components });
    this.#eventSchemas = new Map(
      Object.entries(schemas)
        .filter(([name]) => name.endsWith('StreamingEvent'))
        .map(([name, schema]) => [typesOf(schema)[0], name]),
    );
  }

  /** Returns the violations of a schema, as `<path>: <reason>`. */
  check(name: 'ResponseResource' | 'CompactResource' | 'WebSocketErrorEvent', value: unknown): string[] {
    return this.#violations(name, value);
  }

  /** Returns the violations of the schema of the event. */
  checkEvent(event: Json): string[] {
    const name = this.#eventSchemas.get(event['type'] as string);
    return name === undefined ? ['/type: is not in the document'] : this.#violations(name, event);
  }

  #violations(name: string, value: unknown): string[] {
    const validate =
      this.#compiled.get(name) ?? this.#ajv.compile({ $ref: `open-responses#/components/schemas/${name}` });
    this.#compiled.set(name, validate);
    if (validate(value)) return [];
    return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath}: ${message}`);
  }
}

/** The values of `type` that a schema allows. */
function typesOf(schema: Json | undefined): string[] {
  return (schema?.['properties'] as { type?: { enum?: string[] } } | undefined)?.type?.enum ?? [];
}

/** In the document, the schema of a structured output is always null. */
function withOutputSchemas({ JsonSchemaResponseFormat: format }: Record<string, Json>): Record<string, Json> {
  const properties = { ...(format?.['properties'] as Json), schema: { type: ['object', 'null'] } };
  return { JsonSchemaResponseFormat: { ...format, required: ['type', 'name'], properties } };
}

/** Allows items, parts, tools and annotations of types that the document does not have: servers may add types. */
function extended(node: unknown, schemas: Record<string, Json>): unknown {
  if (Array.isArray(node)) return node.map((inner) => extended(inner, schemas));
  if (typeof node !== 'object' || node === null) return node;
  const copy = Object.fromEntries(Object.entries(node).map(([key, inner]) => [key, extended(inner, schemas)]));
  const alternatives = copy['oneOf'];
  if (!Array.isArray(alternatives)) return copy;
  const references = alternatives.map((each: { $ref?: string }) => each.$ref?.split('/').at(-1) ?? '');
  const known = references.flatMap((name) => typesOf(schemas[name]));
  if (known.length === 0) return copy;
  const other = { type: 'object', required: ['type'], properties: { type: { type: 'string', not: { enum: known } } } };
  return { ...copy, oneOf: [...(alternatives as unknown[]), other] };
}
