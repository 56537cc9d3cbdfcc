export type { ChatMessage } from './message.ts';
export { chatCompletionRequest, reasoningEffort } from './request.ts';
export type { ChatCompletionRequest, ReasoningEffort } from './request.ts';
export { chatCompletion, chatCompletionChunk } from './response.ts';
export type { completionUsage } from './response.ts';
