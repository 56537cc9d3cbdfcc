/** Cursor pagination. Every unbounded list of the API has this form. */
import { z } from 'zod';
import { storableText } from '../fields/storable-text.ts';

export const PAGE_LIMIT_DEFAULT = 20;
export const PAGE_LIMIT_MAX = 100;

export interface LimitOptions {
  readonly default: number;
  readonly max: number;
}

function limitOf({ default: byDefault, max }: LimitOptions): Limit {
  const error = `must be an integer from 1 to ${max}`;
  return z
    .string({ error })
    .regex(/^\d{1,5}$/, error)
    .transform(Number)
    .refine((value) => value >= 1 && value <= max, error)
    .default(byDefault)
    .meta({ jsonSchema: { type: 'integer', minimum: 1, maximum: max, default: byDefault } });
}

type Limit = z.ZodDefault<z.ZodPipe<z.ZodString, z.ZodTransform<number, string>>>;

export type PageOrder = 'asc' | 'desc';

/** Returns the query parameters of a list, to be spread into its query schema. */
export function pageQueryFields(
  defaultOrder: PageOrder,
  limit: LimitOptions = { default: PAGE_LIMIT_DEFAULT, max: PAGE_LIMIT_MAX },
): {
  after: z.ZodOptional<z.ZodString>;
  limit: Limit;
  order: z.ZodDefault<z.ZodEnum<{ asc: 'asc'; desc: 'desc' }>>;
} {
  return {
    after: storableText(256).min(1).optional().describe('The `last_id` of the previous page.'),
    limit: limitOf(limit),
    order: z.enum(['asc', 'desc']).default(defaultOrder),
  };
}

const pageFields = {
  object: z.literal('list'),
  first_id: z.string().describe('Empty if the page is empty.'),
  last_id: z.string().describe('The `after` of the next page.'),
  has_more: z.boolean(),
};

/** Returns the response schema of a list. */
export function page<Item extends z.ZodType>(item: Item): z.ZodObject<typeof pageFields & { data: z.ZodArray<Item> }> {
  return z.object({ ...pageFields, data: z.array(item) });
}

export interface Page<T> {
  object: 'list';
  data: T[];
  /** Empty if `data` is empty, since the OpenAI specification does not allow null. */
  first_id: string;
  last_id: string;
  has_more: boolean;
}

export function pageOf<T extends { id: string }>(data: T[], hasMore: boolean): Page<T> {
  return { object: 'list', data, first_id: data[0]?.id ?? '', last_id: data.at(-1)?.id ?? '', has_more: hasMore };
}
