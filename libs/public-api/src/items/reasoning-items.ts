/** The reasoning of a model, and what a compaction has left of a conversation. */
import { z } from 'zod';
import { COMPLETION_STATUSES, listOf, optional } from './item-fields.ts';

export const reasoning = z.object({
  type: z.literal('reasoning'),
  status: optional(z.enum(COMPLETION_STATUSES)),
  summary: listOf(z.object({ type: z.literal('summary_text'), text: z.string() })),
  content: optional(listOf(z.object({ type: z.literal('reasoning_text'), text: z.string() }))),
  encrypted_content: optional(z.string()),
});

export const compaction = z.object({ type: z.literal('compaction'), encrypted_content: z.string() });
