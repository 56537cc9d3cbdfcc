import type { ChatMessage } from '@xerotier/public-api/chat-completions';

/** About what tokenizers of current models make of English text; placement needs an order of magnitude, billing never uses it. */
const CHARACTERS_PER_TOKEN = 4;

/** How long texts roughly are, in tokens; of tokens the number is known. */
export function estimateTokens(texts: readonly (string | readonly number[])[]): number {
  let tokens = 0;
  for (const text of texts) tokens += typeof text === 'string' ? text.length / CHARACTERS_PER_TOKEN : text.length;
  return Math.ceil(tokens);
}

/** How long a prompt roughly is, in tokens, without a tokenizer. */
export function estimatePromptTokens(messages: readonly ChatMessage[]): number {
  let characters = 0;
  for (const { content } of messages) {
    if (typeof content === 'string') characters += content.length;
    else for (const part of content ?? []) characters += 'text' in part ? part.text.length : 0;
  }
  return Math.ceil(characters / CHARACTERS_PER_TOKEN);
}

/** How long the texts of an audio or image request roughly are, in tokens; files count as nothing. */
export function estimateMediaTokens(fields: Readonly<Record<string, unknown>>): number {
  const texts = [fields['input'], fields['prompt'], fields['instructions']];
  return estimateTokens(texts.filter((text) => typeof text === 'string'));
}
