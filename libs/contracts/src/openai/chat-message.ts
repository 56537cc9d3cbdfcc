/** The messages of a chat request, in every role and with every kind of content part that the specification has. */
import { z } from 'zod';

const textPart = z.object({ type: z.literal('text'), text: z.string() });
const imagePart = z.object({
  type: z.literal('image_url'),
  image_url: z.object({ url: z.string(), detail: z.enum(['auto', 'low', 'high']).optional() }),
});
const audioPart = z.object({
  type: z.literal('input_audio'),
  input_audio: z.object({ data: z.string(), format: z.enum(['wav', 'mp3']) }),
});
const filePart = z.object({
  type: z.literal('file'),
  file: z.object({ file_data: z.string().optional(), file_id: z.string().optional(), filename: z.string().optional() }),
});
const refusalPart = z.object({ type: z.literal('refusal'), refusal: z.string() });

const PARTS_MAX = 2_048;
const textContent = z.union([z.string(), z.array(textPart).min(1).max(PARTS_MAX)]);
const name = z.string().max(64).optional();

const toolCall = z.object({
  id: z.string().max(256),
  type: z.literal('function'),
  function: z.object({ name: z.string().max(64), arguments: z.string() }),
});

const systemMessage = z.object({ role: z.literal('system'), content: textContent, name });
const developerMessage = z.object({ role: z.literal('developer'), content: textContent, name });
const userMessage = z.object({
  role: z.literal('user'),
  content: z.union([
    z.string(),
    z
      .array(z.discriminatedUnion('type', [textPart, imagePart, audioPart, filePart]))
      .min(1)
      .max(PARTS_MAX),
  ]),
  name,
});
const assistantMessage = z
  .object({
    role: z.literal('assistant'),
    content: z
      .union([
        z.string(),
        z
          .array(z.discriminatedUnion('type', [textPart, refusalPart]))
          .min(1)
          .max(PARTS_MAX),
      ])
      .nullish(),
    refusal: z.string().nullish(),
    name,
    tool_calls: z.array(toolCall).max(128).optional(),
  })
  .refine((message) => message.content != null || message.refusal != null || (message.tool_calls?.length ?? 0) > 0, {
    error: 'is required unless tool_calls or refusal is given',
    path: ['content'],
  });
const toolMessage = z.object({ role: z.literal('tool'), content: textContent, tool_call_id: z.string().max(256) });

export const chatMessage = z.discriminatedUnion('role', [
  systemMessage,
  developerMessage,
  userMessage,
  assistantMessage,
  toolMessage,
]);
export type ChatMessage = z.infer<typeof chatMessage>;
