/**
 * A JSON schema that a client sends, of a tool's parameters or of an answer. What it means is the engine's business; how
 * large it may be is not, since a grammar is made of it. The bounds are looked at before anything walks it.
 */
import { z } from 'zod';
import { isRecord } from '../fields/few-names.ts';

const SCHEMA_BYTES_MAX = 65_536;
/** Lists and objects inside one another, as the answer would have them. */
const SCHEMA_LEVELS_MAX = 10;

export const jsonSchema = z
  .custom<Record<string, unknown>>()
  .superRefine((schema, context) => {
    const reject = (message: string): void => context.addIssue({ code: 'custom', message });
    if (!isRecord(schema)) reject('must be a JSON schema, which is an object');
    else if (bytesOf(JSON.stringify(schema)) > SCHEMA_BYTES_MAX)
      reject(`may have ${SCHEMA_BYTES_MAX} bytes at most, written as JSON without spaces`);
    else if (levels(schema) > SCHEMA_LEVELS_MAX)
      reject(`may describe ${SCHEMA_LEVELS_MAX} levels of objects and lists at most`);
  })
  .pipe(z.record(z.string(), z.unknown()));

function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** Keywords with schemas of what is inside the value: the next level. */
const INSIDE = ['items', 'prefixItems', 'additionalItems', 'contains', 'additionalProperties', 'unevaluatedProperties'];
const INSIDE_BY_NAME = ['properties', 'patternProperties'];
/** Keywords with more schemas of the same value, or of values elsewhere. */
const BESIDE = ['anyOf', 'oneOf', 'allOf', 'not', 'if', 'then', 'else'];
const BESIDE_BY_NAME = ['$defs', 'definitions', 'dependentSchemas'];

/** How many levels a value has that has all of what the schema describes. References are not followed. */
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
