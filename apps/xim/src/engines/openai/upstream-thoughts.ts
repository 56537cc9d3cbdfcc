/** What an upstream says of its thinking: servers call it `reasoning_content` or `reasoning`, and nobody gets it unasked. */
import type { ChatCompletionRequest } from '@xerotier/contracts';

type Fields = Readonly<Record<string, unknown>>;

export function wantsThoughts(request: ChatCompletionRequest): boolean {
  return request.include_reasoning === true || request.x_events === true;
}

/** A message or delta with its thoughts under one name, or without them. */
export function withThoughts(fields: Fields, wanted: boolean): Fields {
  const { reasoning_content: content, reasoning, ...others } = fields;
  const thoughts = typeof content === 'string' ? content : reasoning;
  return wanted && typeof thoughts === 'string' ? { ...others, reasoning_content: thoughts } : others;
}
