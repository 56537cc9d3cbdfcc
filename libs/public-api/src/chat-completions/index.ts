export type { ChatMessage } from './message.ts';
export { chatCompletionRequest, reasoningEffort } from './request.ts';
export type { ChatCompletionRequest, ReasoningEffort } from './request.ts';
export { chatCompletion, chatCompletionChunk } from './response.ts';
export type { completionUsage } from './response.ts';
export { createChatCompletion } from './chat-completions.api.ts';
export { LATENCY_TARGET_MS_MAX } from './latency-target-headers.ts';
export type { LatencyTargetHeader } from './latency-target-headers.ts';
