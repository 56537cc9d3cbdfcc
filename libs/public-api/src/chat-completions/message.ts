/**
 * The messages of a chat request, with every role and content part of the OpenAI specification. Functions, the deprecated form
 * of tools, are converted to tools, so that no other code has to support them.
 */
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
const assistantPart = z.discriminatedUnion('type', [
  textPart,
  z.object({ type: z.literal('refusal'), refusal: z.string() }),
]);

const PARTS_MAX = 2_048;
const textContent = z.union([z.string(), z.array(textPart).min(1).max(PARTS_MAX)]);
const name = z.string().max(64).optional();

const toolCall = z.object({
  id: z.string().max(256),
  type: z.literal('function'),
  function: z.object({ name: z.string().max(64), arguments: z.string() }),
});

const functionCall = z.object({ name: z.string().max(64), arguments: z.string() });

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
const assistantFields = {
  role: z.literal('assistant'),
  content: z.union([z.string(), z.array(assistantPart).min(1).max(PARTS_MAX)]).nullish(),
  refusal: z.string().nullish(),
  reasoning_content: z
    .string()
    .nullish()
    .describe('Extension: the reasoning before the message, for models that continue it between calls of tools.'),
  name,
  tool_calls: z.array(toolCall).max(128).optional(),
};

interface AssistantContent {
  readonly content?: unknown;
  readonly refusal?: unknown;
  readonly tool_calls?: readonly unknown[] | undefined;
  readonly function_call?: unknown;
}

function isNotEmpty({ content, refusal, tool_calls: calls, function_call: call }: AssistantContent): boolean {
  return content != null || refusal != null || (calls?.length ?? 0) > 0 || call != null;
}
const NOT_EMPTY = { error: 'is required unless `tool_calls` or `refusal` is present', path: ['content'] };

const toolMessage = z.object({ role: z.literal('tool'), content: textContent, tool_call_id: z.string().max(256) });

const roles = [systemMessage, developerMessage, userMessage, toolMessage] as const;
/** A message after parsing, without deprecated fields. */
export type ChatMessage = z.infer<(typeof roles)[number]> | z.infer<z.ZodObject<typeof assistantFields>>;

const requestedAssistantMessage = z
  .object({
    ...assistantFields,
    audio: z.null({ error: 'is not supported: output is text only' }).optional(),
    function_call: functionCall.nullish().describe('Deprecated: use `tool_calls`.'),
  })
  .refine(isNotEmpty, NOT_EMPTY)
  .refine(({ function_call: call, tool_calls: calls }) => call == null || (calls?.length ?? 0) === 0, {
    error: 'cannot be combined with tool_calls',
    path: ['function_call'],
  });
const functionMessage = z
  .object({ role: z.literal('function'), name: z.string().max(64), content: z.string().nullable() })
  .describe('Deprecated: use a message with the role `tool`.');

const requestedMessage = z.discriminatedUnion('role', [...roles, requestedAssistantMessage, functionMessage]);
type RequestedMessage = z.infer<typeof requestedMessage>;

const MESSAGES_MAX = 2_048;

/** The output has no functions, and parses to itself. */
export const chatMessages = z
  .array(requestedMessage)
  .min(1)
  .max(MESSAGES_MAX)
  .transform((messages): ChatMessage[] =>
    messages.some(isDeprecated) ? withTools(messages) : (messages as ChatMessage[]),
  );

function isDeprecated(message: RequestedMessage): boolean {
  return message.role === 'function' || 'function_call' in message || 'audio' in message;
}

/** Derives the ids of calls from the message index, so that a conversation has the same ids each time it is sent. */
function withTools(messages: readonly RequestedMessage[]): ChatMessage[] {
  const ids = new Map<string, string>();
  return messages.map((message, i): ChatMessage => {
    if (message.role === 'function') {
      const { name: called, content } = message;
      return { role: 'tool', tool_call_id: ids.get(called) ?? `call_${i}`, content: content ?? '' };
    }
    if (message.role !== 'assistant') return message;
    const { function_call: call, audio: _audio, ...current } = message;
    if (call == null) return current;
    const id = `call_${i}`;
    ids.set(call.name, id);
    return { ...current, tool_calls: [{ id, type: 'function', function: call }] };
  });
}
