/**
 * The body of `POST /v1/score`, as in vLLM: two sides under one of three pairs of names. A single text on the left is scored
 * against each text on the right; otherwise both sides must have the same length, and are scored pairwise.
 */
import { z } from 'zod';
import { components } from '../openapi/components.ts';
import { TEXTS_MAX } from '../fields/texts.ts';

const text = z.string().min(1, 'must not be empty');
const side = z
  .union([text.transform((one) => [one]), z.array(text).min(1).max(TEXTS_MAX)], {
    error: `must be a non-empty string or an array of 1 to ${TEXTS_MAX} non-empty strings`,
  })
  .nullish();

const NAMES = [
  ['text_1', 'text_2'],
  ['queries', 'documents'],
  ['data_1', 'data_2'],
] as const;

type Names = (typeof NAMES)[number];
type Side = Names[number];

export interface ScoreRequest {
  readonly model: string;
  /** One query for all documents, or one for each document. */
  readonly queries: string[];
  readonly documents: string[];
  /** The names of the two sides in the request. */
  readonly names: Names;
}

const sides = { text_1: side, text_2: side, queries: side, documents: side, data_1: side, data_2: side };

export const scoreRequest = z
  .object({ model: z.string().min(1).max(256), ...sides, user: z.string().max(512).nullish() })
  .transform((body, context): ScoreRequest => {
    const reject = (name: Side, message: string): never => {
      context.addIssue({ code: 'custom', path: [name], message });
      return z.NEVER;
    };
    const names = NAMES.find((pair) => pair.some((name) => body[name] != null)) ?? NAMES[0];
    const [left, right] = names;
    for (const name of names) {
      if (body[name] != null) continue;
      context.addIssue({ code: 'invalid_type', expected: 'string', input: undefined, path: [name] });
      return z.NEVER;
    }
    const foreign = NAMES.flat().find((name) => !(names as readonly Side[]).includes(name) && body[name] != null);
    if (foreign !== undefined) return reject(foreign, `cannot be combined with ${left}`);
    const queries = body[left] ?? [];
    const documents = body[right] ?? [];
    if (queries.length !== 1 && queries.length !== documents.length) {
      return reject(left, `must have 1 text, or as many as ${right} (${documents.length})`);
    }
    return { model: body.model, queries, documents, names };
  })
  .register(components, { id: 'CreateScoreRequest' });
