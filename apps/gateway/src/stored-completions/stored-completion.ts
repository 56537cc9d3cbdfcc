/** The stored completion object: the completion, with additional fields of the request. */
import { STORED_BYTES_MAX } from '@xerotier/contracts/responses';
import type { ChatCompletionRequest } from '@xerotier/public-api/chat-completions';
import type { StoredCompletion } from '@xerotier/contracts/responses';
import { AppError } from '@xerotier/errors';
import { publicUsage } from '../chat-completions/chat-envelope.ts';
import type { ChatEnvelopeFields } from '../chat-completions/chat-envelope.ts';
import type { CollectedResponse } from './storing-response.ts';

export function storedCompletionOf(
  { id, createdSeconds, model, tier }: ChatEnvelopeFields,
  requestId: string,
  chat: ChatCompletionRequest,
  { head: { systemFingerprint }, choices, usage }: CollectedResponse,
): StoredCompletion {
  return {
    object: 'chat.completion',
    id,
    model,
    created: createdSeconds,
    request_id: requestId,
    service_tier: tier,
    ...(systemFingerprint !== undefined && { system_fingerprint: systemFingerprint }),
    choices,
    usage: publicUsage(usage),
    metadata: chat.metadata ?? {},
    temperature: chat.temperature ?? 1,
    top_p: chat.top_p ?? 1,
    presence_penalty: chat.presence_penalty ?? 0,
    frequency_penalty: chat.frequency_penalty ?? 0,
    seed: chat.seed ?? null,
    input_user: chat.user ?? null,
    ...requestContent(chat),
  };
}

/** Rejects a request that is too large to be stored with any response. @throws {AppError} `completion.too_large`. */
export function assertStorable(chat: ChatCompletionRequest): void {
  assertFits({ ...requestContent(chat), metadata: chat.metadata, messages: chat.messages });
}

/** @throws {AppError} `completion.too_large` if the JSON is larger than `STORED_BYTES_MAX`. */
export function assertFits(content: unknown): void {
  if (Buffer.byteLength(JSON.stringify(content)) <= STORED_BYTES_MAX) return;
  throw new AppError('completion.too_large', { bytesMax: STORED_BYTES_MAX }, { param: 'store' });
}

function requestContent({ tools, tool_choice: toolChoice, response_format: responseFormat }: ChatCompletionRequest): {
  tools: unknown;
  tool_choice: unknown;
  response_format: unknown;
} {
  return { tools: tools ?? null, tool_choice: toolChoice ?? null, response_format: responseFormat ?? null };
}
