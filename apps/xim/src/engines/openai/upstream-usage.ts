/** Reads the usage that an upstream reports, and fills gaps with estimates. */
import { emptyUsage } from '@xerotier/contracts/inference';
import type { TokenUsage } from '@xerotier/contracts/inference';
import type { ChatCompletionRequest } from '@xerotier/public-api/chat-completions';
import { messageText } from '../message-text.ts';
import { estimateTokens } from './token-counter.ts';
import { asObject } from './upstream-json.ts';
import type { Json } from './upstream-json.ts';

/** Tokens that chat templates add to each message. */
const TOKENS_PER_MESSAGE = 4;

/** The reported usage; absent counts were not reported. */
export interface UsageReport {
  promptTokens?: number;
  completionTokens?: number;
  totalTokens?: number;
  cachedTokens?: number;
  reasoningTokens?: number;
  acceptedPredictionTokens?: number;
  rejectedPredictionTokens?: number;
}

/** Estimates for counts that were not reported. */
export interface UsageEstimate {
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly reasoningTokens: number;
}

/** @returns undefined when there is no valid count. */
export function readUsageReport(value: unknown): UsageReport | undefined {
  const usage = asObject(value);
  if (usage === undefined) return undefined;
  const prompt = asObject(usage['prompt_tokens_details']) ?? asObject(usage['input_tokens_details']) ?? {};
  const completion = asObject(usage['completion_tokens_details']) ?? asObject(usage['output_tokens_details']) ?? {};
  const counts: Readonly<Record<keyof UsageReport, number | undefined>> = {
    promptTokens: countIn(usage, 'prompt_tokens', 'input_tokens'),
    completionTokens: countIn(usage, 'completion_tokens', 'output_tokens'),
    totalTokens: countIn(usage, 'total_tokens'),
    cachedTokens:
      countIn(prompt, 'cached_tokens') ??
      // DeepSeek, Moonshot, Anthropic.
      countIn(usage, 'prompt_cache_hit_tokens', 'cached_tokens', 'cache_read_input_tokens'),
    reasoningTokens: countIn(completion, 'reasoning_tokens'),
    acceptedPredictionTokens: countIn(completion, 'accepted_prediction_tokens'),
    rejectedPredictionTokens: countIn(completion, 'rejected_prediction_tokens'),
  };
  const reported = Object.entries(counts).filter(([, count]) => count !== undefined);
  return reported.length === 0 ? undefined : Object.fromEntries(reported);
}

/**
 * Returns the reported usage with its gaps filled from the total or from the estimates. A count of 0 for a non-empty text or
 * prompt is a gap. Cached tokens never exceed the prompt, and reasoning tokens never exceed the completion.
 */
export function usageFrom(report: UsageReport, estimate: UsageEstimate): TokenUsage {
  const { totalTokens, reasoningTokens = 0 } = report;
  const reported = {
    prompt: report.promptTokens === 0 && estimate.promptTokens > 0 ? undefined : report.promptTokens,
    completion: report.completionTokens === 0 && estimate.completionTokens > 0 ? undefined : report.completionTokens,
  };
  const completion = reported.completion ?? rest(totalTokens, reported.prompt) ?? estimate.completionTokens;
  const prompt = reported.prompt ?? rest(totalTokens, completion) ?? estimate.promptTokens;
  // Some servers exclude reasoning from the completion; the specification includes it.
  const isExcluded = reasoningTokens > 0 && totalTokens === prompt + completion + reasoningTokens;
  const completionTokens = isExcluded ? completion + reasoningTokens : completion;
  return {
    promptTokens: prompt,
    cachedTokens: Math.min(prompt, report.cachedTokens ?? 0),
    completionTokens,
    reasoningTokens: Math.min(completionTokens, report.reasoningTokens ?? estimate.reasoningTokens),
    acceptedPredictionTokens: report.acceptedPredictionTokens ?? 0,
    rejectedPredictionTokens: report.rejectedPredictionTokens ?? 0,
  };
}

/** Estimates the prompt tokens from the length of the text. Images and other parts are not counted. */
export function estimatePromptTokens(request: ChatCompletionRequest): number {
  const characters = request.messages.reduce((sum, message) => sum + messageText(message).length, 0);
  return estimateTokens(characters) + TOKENS_PER_MESSAGE * request.messages.length;
}

/**
 * Reads the usage of a response without a completion: embeddings and scores. Servers report it in `usage` (some with
 * `total_tokens` only), Cohere in `meta`.
 */
export function readInputUsage(response: unknown, estimate: number): TokenUsage {
  const { usage, meta } = asObject(response) ?? {};
  const report = readUsageReport(usage) ?? {};
  const { tokens, billed_units: billed } = asObject(meta) ?? {};
  const ofMeta = countIn(asObject(tokens) ?? {}, 'input_tokens') ?? countIn(asObject(billed) ?? {}, 'input_tokens');
  const counts = [report.promptTokens, report.totalTokens, ofMeta];
  const promptTokens = counts.find((count) => count !== undefined && count > 0) ?? estimate;
  return { ...emptyUsage(), promptTokens, cachedTokens: Math.min(promptTokens, report.cachedTokens ?? 0) };
}

/** Returns the first of these fields that is a count, as a number or as digits. */
export function countIn(json: Json, ...names: readonly string[]): number | undefined {
  for (const name of names) {
    const value = json[name];
    const count = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
    if (typeof count === 'number' && Number.isSafeInteger(count) && count >= 0) return count;
  }
  return undefined;
}

function rest(total: number | undefined, part: number | undefined): number | undefined {
  return total !== undefined && part !== undefined && total > part ? total - part : undefined;
}
