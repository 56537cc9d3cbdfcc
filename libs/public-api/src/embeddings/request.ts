/**
 * The body of `POST /v1/embeddings`, with the bounds of the OpenAI specification. `null` is the same as omitting a parameter;
 * unknown fields are dropped. Every form of `input` is parsed to an array of inputs.
 */
import { z } from 'zod';
import { components } from '../openapi/components.ts';
import { storableText } from '../fields/storable-text.ts';
import { TEXTS_MAX } from '../fields/texts.ts';

/** Token ids are 32-bit integers in every engine. */
const TOKEN_MAX = 2 ** 31 - 1;

type Input = string | number[];

const text = { type: 'string', minLength: 1 };
const tokens = { type: 'array', items: { type: 'integer', minimum: 0, maximum: TOKEN_MAX }, minItems: 1 };
const listOf = (items: object): object => ({ type: 'array', items, minItems: 1, maxItems: TEXTS_MAX });
const inputForms = { anyOf: [text, listOf(text), { ...tokens, maxItems: TEXTS_MAX }, listOf(tokens)] };

/**
 * Validated by hand, since a union of four forms gives no specific error, and is slow for requests with millions of tokens.
 */
const input = z
  .unknown()
  .meta(inputForms)
  .transform((value, context): Input[] => {
    const reject = (message: string, ...path: number[]): never => {
      context.addIssue({ code: 'custom', path, message });
      return z.NEVER;
    };
    if (value === undefined) {
      context.addIssue({ code: 'invalid_type', expected: 'string', input: value });
      return z.NEVER;
    }
    if (typeof value === 'string') return value === '' ? reject('must not be empty') : [value];
    if (!Array.isArray(value)) return reject('must be a string, an array of strings, or an array of token ids');
    const items: readonly unknown[] = value;
    if (items.length === 0) return reject('must not be empty');
    if (items.length > TEXTS_MAX) return reject(`must have at most ${TEXTS_MAX} items`);
    if (typeof items[0] === 'number') {
      const invalid = items.findIndex((item) => !isToken(item));
      return invalid < 0 ? [items as number[]] : reject('must be a token id, like the other items', invalid);
    }
    const isTexts = typeof items[0] === 'string';
    for (const [i, item] of items.entries()) {
      if (isTexts ? typeof item !== 'string' : !Array.isArray(item)) {
        return reject(
          isTexts ? 'must be a string, like the other items' : 'must be a string or an array of token ids',
          i,
        );
      }
      const entry = item as string | readonly unknown[];
      if (entry.length === 0) return reject('must not be empty', i);
      const invalid = typeof entry === 'string' ? -1 : entry.findIndex((token) => !isToken(token));
      if (invalid >= 0) return reject('must be a token id', i, invalid);
    }
    return items as Input[];
  });

function isToken(value: unknown): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= TOKEN_MAX;
}

export const embeddingRequest = z
  .object({
    model: z.string().min(1).max(256),
    input,
    encoding_format: z
      .enum(['float', 'base64'])
      .nullish()
      .transform((format) => format ?? 'float'),
    dimensions: z
      .number()
      .int()
      .min(1)
      .nullish()
      .transform((dimensions) => dimensions ?? undefined),
    user: storableText(512).nullish(),
    service_tier: z.string().max(64).nullish(),
  })
  .register(components, { id: 'CreateEmbeddingRequest' });
export type EmbeddingRequest = z.output<typeof embeddingRequest>;
