/** What a chat completion request inherits from its project. */
import type { Access } from '@xerotier/contracts/auth';
import type { ChatCompletionRequest } from '@xerotier/public-api/chat-completions';
import { assertStorable } from '../stored-completions/stored-completion.ts';

/**
 * Returns the request with the settings of the project for what it does not set itself; the same object if there are none.
 * @throws {AppError} `completion.too_large` if it is to be stored, and is too large for that.
 */
export function withProjectDefaults(chat: ChatCompletionRequest, { settings }: Access): ChatCompletionRequest {
  if (settings === undefined) return chat;
  const isStored = settings.storeByDefault === true && chat.store === undefined;
  if (isStored) assertStorable(chat);
  return {
    ...chat,
    ...(isStored && { store: true }),
    ...(settings.includeReasoning === true && chat.include_reasoning === undefined && { include_reasoning: true }),
  };
}
