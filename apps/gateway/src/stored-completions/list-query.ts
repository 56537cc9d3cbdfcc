/** What a list is asked for by, in the query of its URL. */
import { metadata, storableText } from '@xerotier/public-api/fields';
import { z } from 'zod';
import { readFields } from '../requests/request-fields.ts';

const LIMIT_DEFAULT = 20;
const LIMIT_MAX = 100;

const LIMIT_ERROR = `must be a whole number from 1 to ${LIMIT_MAX}`;

const page = {
  after: storableText(256).min(1).optional().describe('The last id of the page before.'),
  limit: z
    .string({ error: LIMIT_ERROR })
    .regex(/^\d{1,3}$/, LIMIT_ERROR)
    .transform(Number)
    .refine((limit) => limit >= 1 && limit <= LIMIT_MAX, LIMIT_ERROR)
    .default(LIMIT_DEFAULT)
    .meta({ jsonSchema: { type: 'integer', minimum: 1, maximum: LIMIT_MAX, default: LIMIT_DEFAULT } }),
  order: z.enum(['asc', 'desc']).default('asc'),
};

export const pageQuery = z.object(page);
export type PageQuery = z.output<typeof pageQuery>;

export const listQuery = z.object({
  ...page,
  model: storableText(256).min(1).optional().describe('The name of the model that answered.'),
  metadata: metadata.optional().describe('Pairs that a completion must have, all of them: `metadata[topic]=news`.'),
});
export type ListQuery = z.output<typeof listQuery>;

/** @throws {AppError} `request.invalid`. */
export function parsePageQuery(query: unknown): PageQuery {
  return readFields(pageQuery, query);
}

const METADATA_NAME = /^metadata\[(.*)\]$/s;

/** `?model=tiny&metadata[topic]=news`; a filter that would be ignored is refused. @throws {AppError} `request.invalid`. */
export function parseListQuery(query: unknown): ListQuery {
  const given = Object.entries(query as Record<string, unknown>);
  const pairs = given.flatMap(([name, value]) => {
    const key = METADATA_NAME.exec(name)?.[1];
    return key === undefined ? [] : [[key, value] as const];
  });
  return readFields(listQuery, {
    ...Object.fromEntries(given),
    ...(pairs.length > 0 && { metadata: Object.fromEntries(pairs) }),
  });
}
