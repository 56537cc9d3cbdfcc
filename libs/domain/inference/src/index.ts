export { InferenceClient } from './inference-client.ts';
export type { InferenceClientOptions, MediaRequest } from './inference-client.ts';
export { inferenceLimitsDefaults } from './inference-run.ts';
export type { InferenceLimits, TrackedContext } from './inference-run.ts';
export type { Numbers } from './numbers-sink.ts';
export {
  estimateMediaTokens,
  estimatePromptTokens,
  estimateTokens,
  maxPromptTokens,
  maxTokens,
} from './prompt-estimate.ts';
export { requestTimeoutOf } from './request-timeouts.ts';
export type { ResponseSink } from './response-sink.ts';
