/** What `truncation: auto` leaves of a context that does not fit: whole turns are dropped, from the beginning. */
import type { AppError } from '@xerotier/errors';
import type { ChatCompletionRequest, ChatMessage } from '@xerotier/public-api/chat-completions';

const OVERFLOWS: ReadonlySet<string> = new Set(['inference.context_length_exceeded', 'inference.prompt_too_long']);

export interface ShortenedChat {
  readonly chat: ChatCompletionRequest;
  readonly droppedTurns: number;
}

/** Whether a context does not fit into that of the model. */
export function isOverflow({ code }: AppError): boolean {
  return OVERFLOWS.has(code);
}

/**
 * Drops as many turns as should make a rejected context fit, at least one. A turn is a message of the user with everything until the next
 * one, so that calls of tools and their outputs stay together; the instructions before the first one, and the last turn, stay.
 * @returns undefined if there is only the last turn.
 */
export function shortenedChat(chat: ChatCompletionRequest, { details }: AppError): ShortenedChat | undefined {
  const { instructions, turns } = split(chat.messages);
  if (turns.length < 2) return undefined;
  const droppedTurns = Math.min(turnsToDrop(turns, details), turns.length - 1);
  return { chat: { ...chat, messages: [...instructions, ...turns.slice(droppedTurns).flat()] }, droppedTurns };
}

function split(messages: readonly ChatMessage[]): { instructions: ChatMessage[]; turns: ChatMessage[][] } {
  const first = messages.findIndex(({ role }) => role !== 'system');
  const instructions = first === -1 ? [...messages] : messages.slice(0, first);
  const turns: ChatMessage[][] = [];
  for (const message of messages.slice(instructions.length))
    if (message.role === 'user' || turns.length === 0) turns.push([message]);
    else turns.at(-1)?.push(message);
  return { instructions, turns };
}

/** Text is in proportion to tokens. An engine that does not say by how many tokens the prompt is too long, gets half of it. */
function turnsToDrop(turns: readonly ChatMessage[][], { promptTokens, contextTokens }: AppError['details']): number {
  const sizes = turns.map((turn) => JSON.stringify(turn).length);
  const all = sizes.reduce((sum, size) => sum + size, 0);
  const isKnown = typeof promptTokens === 'number' && typeof contextTokens === 'number' && promptTokens > contextTokens;
  let excess = isKnown ? all * (1 - contextTokens / promptTokens) : all / 2;
  const kept = sizes.findIndex((size) => {
    if (excess <= 0) return true;
    excess -= size;
    return false;
  });
  return Math.max(1, kept === -1 ? turns.length - 1 : kept);
}
