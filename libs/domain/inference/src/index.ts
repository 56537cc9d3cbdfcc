export { InferenceClient, inferenceLimitsDefaults } from './inference-client.ts';
export { estimateMediaTokens, estimatePromptTokens, estimateTokens } from './prompt-estimate.ts';
export type { Numbers } from './numbers-sink.ts';
export type {
  InferenceClientOptions,
  InferenceLimits,
  InferenceRequest,
  InferenceSink,
  MediaRequest,
  MediaSink,
  RequestOrigin,
  RunningInference,
} from './inference-client.ts';
