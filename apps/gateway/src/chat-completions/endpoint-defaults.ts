/** What a chat completion request inherits from its endpoint. */
import type { EndpointAccess } from '@xerotier/contracts/auth';
import type { ChatCompletionRequest } from '@xerotier/public-api/chat-completions';

/** Returns the request with the defaults of the endpoint for what it does not set itself; the same object if there are none. */
export function withEndpointDefaults(chat: ChatCompletionRequest, { defaults }: EndpointAccess): ChatCompletionRequest {
  if (defaults === undefined) return chat;
  const { temperature, topP, maxCompletionTokens, systemPrompt } = defaults;
  const isUnbounded = chat.max_completion_tokens === undefined && chat.max_tokens === undefined;
  return {
    ...chat,
    ...(temperature !== undefined && chat.temperature === undefined && { temperature }),
    ...(topP !== undefined && chat.top_p === undefined && { top_p: topP }),
    ...(maxCompletionTokens !== undefined && isUnbounded && { max_completion_tokens: maxCompletionTokens }),
    ...(systemPrompt !== undefined && {
      messages: [{ role: 'system' as const, content: systemPrompt }, ...chat.messages],
    }),
  };
}
