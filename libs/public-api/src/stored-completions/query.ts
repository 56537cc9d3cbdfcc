import { z } from 'zod';
import { metadata } from '../fields/metadata.ts';
import { storableText } from '../fields/storable-text.ts';
import { pageQueryFields } from '../page/page.ts';

const page = pageQueryFields('asc');

export const messagesQuery = z.object(page);
export type MessagesQuery = z.output<typeof messagesQuery>;

export const completionsQuery = z.object({
  ...page,
  model: storableText(256).min(1).optional().describe('The name of the model that generated the completion.'),
  metadata: metadata.optional().describe('Metadata that completions must have, such as `metadata[topic]=news`.'),
});
export type CompletionsQuery = z.output<typeof completionsQuery>;
