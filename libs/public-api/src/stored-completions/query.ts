import { z } from 'zod';
import { metadata } from '../fields/metadata.ts';
import { queryFlag } from '../fields/query-flag.ts';
import { storableText } from '../fields/storable-text.ts';
import { pageQueryFields } from '../page/page.ts';

const page = pageQueryFields('asc');

export const messagesQuery = z.object(page);
export type MessagesQuery = z.output<typeof messagesQuery>;

const eventId = z
  .string()
  .regex(/^\d{1,9}$/, 'must be the id of an event')
  .transform(Number)
  .meta({ jsonSchema: { type: 'integer', minimum: 0 } });

/** `starting_after` needs `stream=true`. */
export const completionQuery = z
  .object({
    stream: queryFlag
      .default(false)
      .describe('Whether the events of the completion are returned instead. Default false.'),
    starting_after: eventId.optional().describe('The id of the last event that is not repeated; as `Last-Event-ID`.'),
  })
  .refine(({ stream, starting_after: after }) => after === undefined || stream, {
    error: 'is only allowed when stream is true',
    path: ['starting_after'],
  });

export const lastEventIdHeaders = z.object({
  'Last-Event-ID': eventId.optional().describe('The id of the last event that is not repeated.'),
});

export const completionsQuery = z.object({
  ...page,
  model: storableText(256).min(1).optional().describe('The name of the model that generated the completion.'),
  metadata: metadata.optional().describe('Metadata that completions must have, such as `metadata[topic]=news`.'),
});
export type CompletionsQuery = z.output<typeof completionsQuery>;
