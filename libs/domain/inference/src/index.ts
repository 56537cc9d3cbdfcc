export { InferenceClient, inferenceLimitsDefaults } from './inference-client.ts';
export type {
  InferenceClientOptions,
  InferenceLimits,
  InferenceRequest,
  InferenceSink,
  RunningInference,
} from './inference-client.ts';
