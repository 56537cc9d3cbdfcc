import { z } from 'zod';
import { slug } from '../fields/ids.ts';
import { storableText } from '../fields/storable-text.ts';
import { pageQueryFields } from '../page/page.ts';

/** Maximum number of days between `start` and `end`. */
export const USAGE_DAYS_MAX = 366;

const day = z.iso
  .date({ error: 'must be a day such as 2026-12-01' })
  .regex(/^(?!0000)/, { error: 'must be a day from 0001-01-01 on' })
  .meta({ format: 'date' });

const range = {
  start: day.optional().describe('The first day, in UTC. By default the first day of the current month.'),
  end: day
    .optional()
    .describe(`The day after the last one, at most ${USAGE_DAYS_MAX} days after \`start\`. By default tomorrow.`),
};

const filter = {
  endpoint: slug.optional().describe('The slug of an endpoint, also of a deleted one.'),
  key: storableText(64).min(1).optional().describe('The id of an API key, also of a revoked one.'),
  model: storableText(256).min(1).optional().describe('The name or id of a model.'),
};

export const usageQuery = z.strictObject({ ...range, ...filter });
export const usagePageQuery = z.strictObject({ ...range, ...filter, ...pageQueryFields('asc') });
export const endUsersQuery = z.strictObject({
  ...range,
  ...pageQueryFields('asc'),
  // As long as an end user.
  after: storableText(512).min(1).optional().describe('The `last_id` of the previous page.'),
});
export const usageEventsQuery = z.strictObject({ ...range, ...filter, ...pageQueryFields('desc') });
