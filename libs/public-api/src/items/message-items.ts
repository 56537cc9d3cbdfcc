/** Messages. A text as content is the same as one part with this text. */
import { z } from 'zod';
import { inputFilePart, inputImagePart, inputTextPart, outputTextPart, declinedPart } from './content-parts.ts';
import { COMPLETION_STATUSES, listOf, optional, status } from './item-fields.ts';

const inputParts = [inputTextPart, inputImagePart, inputFilePart] as const;

const common = { type: z.literal('message'), status: status(COMPLETION_STATUSES) };

const requestedMessage = z.object({
  ...common,
  role: z.enum(['user', 'system', 'developer']),
  content: z.union([
    z.string().transform((text) => [{ type: 'input_text' as const, text }]),
    listOf(z.discriminatedUnion('type', inputParts)),
  ]),
});

const assistantMessage = z.object({
  ...common,
  role: z.literal('assistant'),
  content: z.union([
    z.string().transform((text) => [{ type: 'output_text' as const, text, annotations: [], logprobs: [] }]),
    listOf(z.discriminatedUnion('type', [outputTextPart, declinedPart, ...inputParts])),
  ]),
  phase: optional(z.enum(['commentary', 'final_answer'])),
});

export const message = z.discriminatedUnion('role', [requestedMessage, assistantMessage]);
