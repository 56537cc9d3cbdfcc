/**
 * A JSON schema from a client, for the parameters of a tool or for the output. Its meaning is up to the engine; its size is
 * bounded here, since engines compile it to a grammar. The size is checked before the schema is traversed.
 */
import { z } from 'zod';
import { isRecord } from '../fields/bounded-object.ts';

const SCHEMA_BYTES_MAX = 65_536;
/** Maximum nesting of arrays and objects in the described value. */
const SCHEMA_LEVELS_MAX = 10;

export const jsonSchema = z
  .custom<Record<string, unknown>>()
  .superRefine((schema, context) => {
    const reject = (message: string): void => context.addIssue({ code: 'custom', message });
    if (!isRecord(schema)) reject('must be a JSON schema object');
    else if (bytesOf(JSON.stringify(schema)) > SCHEMA_BYTES_MAX)
      reject(`must be at most ${SCHEMA_BYTES_MAX} bytes as JSON without whitespace`);
    else if (levels(schema) > SCHEMA_LEVELS_MAX)
      reject(`must describe at most ${SCHEMA_LEVELS_MAX} levels of nested objects and arrays`);
  })
  .pipe(z.record(z.string(), z.unknown()));

function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** Keywords whose schemas describe nested values: the next level. */
const INSIDE = ['items', 'prefixItems', 'additionalItems', 'contains', 'additionalProperties', 'unevaluatedProperties'];
const INSIDE_BY_NAME = ['properties', 'patternProperties'];
/** Keywords whose schemas describe the same value, or are referenced elsewhere. */
const BESIDE = ['anyOf', 'oneOf', 'allOf', 'not', 'if', 'then', 'else'];
const BESIDE_BY_NAME = ['$defs', 'definitions', 'dependentSchemas'];

/** Returns the maximum nesting of a value that the schema describes. References are not followed. */
function levels(schema: unknown): number {
  if (!isRecord(schema)) return 0;
  const deepest = (keywords: readonly string[], schemasOf: (value: unknown) => readonly unknown[]): number =>
    keywords.reduce(
      (most, keyword) => schemasOf(schema[keyword]).reduce<number>((max, inner) => Math.max(max, levels(inner)), most),
      0,
    );
  const hasInside = [...INSIDE, ...INSIDE_BY_NAME].some((keyword) => isSchema(schema[keyword]));
  const inside = Math.max(deepest(INSIDE, listed), deepest(INSIDE_BY_NAME, named));
  const beside = Math.max(deepest(BESIDE, listed), deepest(BESIDE_BY_NAME, named));
  return Math.max(hasInside ? inside + 1 : 0, beside);
}

const isSchema = (value: unknown): boolean => typeof value === 'object' && value !== null;
const listed = (value: unknown): readonly unknown[] => [value].flat();
const named = (value: unknown): readonly unknown[] => (isRecord(value) ? Object.values(value) : []);
