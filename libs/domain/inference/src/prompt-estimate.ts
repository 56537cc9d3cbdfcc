import type { ChatCompletionRequest, ChatMessage } from '@xerotier/public-api/chat-completions';

/** Average of current tokenizers for English text. Placement and allowances need only the order of magnitude. */
const CHARACTERS_PER_TOKEN = 4;

/** Estimates the number of tokens of texts; lists of token ids are counted exactly. */
export function estimateTokens(texts: readonly (string | readonly number[])[]): number {
  let tokens = 0;
  for (const text of texts) tokens += typeof text === 'string' ? text.length / CHARACTERS_PER_TOKEN : text.length;
  return Math.ceil(tokens);
}

/** Estimates the number of prompt tokens without a tokenizer. */
export function estimatePromptTokens(messages: readonly ChatMessage[]): number {
  let characters = 0;
  for (const { content } of messages) {
    if (typeof content === 'string') characters += content.length;
    else for (const part of content ?? []) characters += 'text' in part ? part.text.length : 0;
  }
  return Math.ceil(characters / CHARACTERS_PER_TOKEN);
}

/** An image has at most this many tokens in current models, however few bytes describe it. */
const IMAGE_TOKENS_MAX = 16_384;
/** What a chat template puts around a message. */
const MESSAGE_TOKENS_MAX = 16;

/** Returns the most tokens that texts can have: no tokenizer makes more than one of a byte. */
export function maxTokens(texts: readonly (string | readonly number[])[]): number {
  return texts.reduce((sum, text) => sum + (typeof text === 'string' ? Buffer.byteLength(text) : text.length), 0);
}

/**
 * Returns the most tokens that the prompt of a request can have: its messages with all their parts, its tools and its response
 * format. Without the context of the model, which bounds it too.
 */
export function maxPromptTokens({ messages, tools, response_format }: ChatCompletionRequest): number {
  const parts = messages.flatMap(({ content }) => (Array.isArray(content) ? (content as { type?: string }[]) : []));
  const media = parts.filter(({ type }) => type !== 'text').length;
  const bytes = Buffer.byteLength(JSON.stringify([messages, tools, response_format]));
  return bytes + messages.length * MESSAGE_TOKENS_MAX + media * IMAGE_TOKENS_MAX;
}

/** Estimates the number of prompt tokens of an audio or image request; files count as 0. */
export function estimateMediaTokens(fields: Readonly<Record<string, unknown>>): number {
  const texts = [fields['input'], fields['prompt'], fields['instructions']];
  return estimateTokens(texts.filter((text) => typeof text === 'string'));
}
