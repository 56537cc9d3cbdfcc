import type { ChatMessage } from '@xerotier/public-api/chat-completions';

/** Average of current tokenizers for English text. Placement needs only the order of magnitude; billing never uses it. */
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

/** Estimates the number of prompt tokens of an audio or image request; files count as 0. */
export function estimateMediaTokens(fields: Readonly<Record<string, unknown>>): number {
  const texts = [fields['input'], fields['prompt'], fields['instructions']];
  return estimateTokens(texts.filter((text) => typeof text === 'string'));
}
