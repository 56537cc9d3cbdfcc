export { InferenceClient, inferenceLimitsDefaults } from './inference-client.ts';
export { estimatePromptTokens } from './prompt-estimate.ts';
export type {
  InferenceClientOptions,
  InferenceLimits,
  InferenceRequest,
  InferenceSink,
  RunningInference,
} from './inference-client.ts';
