/** What an upstream says was used, or what was counted where it says nothing. */
import type { ChatCompletionRequest, TokenUsage } from '@xerotier/contracts';
import { messageText } from '../message-text.ts';
import { noUsage } from '../usage.ts';

/** For prompts whose tokens nobody counted: English text has about four characters to a token. */
const CHARACTERS_PER_TOKEN = 4;
/** What chat templates put around each message. */
const TOKENS_PER_MESSAGE = 4;

/** @returns undefined when this is not a usage object. A detail that is missing or makes no sense is 0. */
export function readUsage(value: unknown): TokenUsage | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const usage = value as Record<string, unknown>;
  if (!isCount(usage['prompt_tokens'])) return undefined;
  const prompt = details(usage['prompt_tokens_details']);
  const completion = details(usage['completion_tokens_details']);
  const promptTokens = usage['prompt_tokens'];
  return {
    promptTokens,
    cachedTokens: Math.min(promptTokens, prompt('cached_tokens')),
    completionTokens: isCount(usage['completion_tokens']) ? usage['completion_tokens'] : 0,
    reasoningTokens: completion('reasoning_tokens'),
    acceptedPredictionTokens: completion('accepted_prediction_tokens'),
    rejectedPredictionTokens: completion('rejected_prediction_tokens'),
  };
}

/**
 * For an upstream that reports no usage, and for an answer that was stopped before the upstream could: `completionTokens`
 * as it was counted, and a guess for the prompt from the length of its text. Images and the like count as nothing.
 */
export function estimateUsage(request: ChatCompletionRequest, completionTokens: number): TokenUsage {
  const characters = request.messages.reduce((sum, message) => sum + messageText(message).length, 0);
  const promptTokens = estimateTokens(characters) + TOKENS_PER_MESSAGE * request.messages.length;
  return { ...noUsage(), promptTokens, completionTokens };
}

export function estimateTokens(characters: number): number {
  return Math.ceil(characters / CHARACTERS_PER_TOKEN);
}

function details(value: unknown): (name: string) => number {
  return (name) => {
    const count = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : 0;
    return isCount(count) ? count : 0;
  };
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
