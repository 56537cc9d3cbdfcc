export { event, request, service, stream, subjectOf, wildcardOf } from './define.ts';
export type {
  Contract,
  EventContract,
  RequestContract,
  ServiceContract,
  StreamContract,
  TemplateNames,
  TemplateValues,
} from './define.ts';
export { errors, isErrorCode, publicErrorType } from './errors.ts';
export type { ErrorCode, ErrorDefinition, ErrorTable } from './errors.ts';
export { leaseId, modelId, projectId, requestId, slug, workerId } from './ids.ts';
export { tierLimits, tierSlug } from './tiers.ts';
export type { TierLimits } from './tiers.ts';
export { access, accessChanged, authContract, endpointAccess, endpointTask, scope } from './auth.ts';
export type { Access, EndpointAccess, EndpointTask, Scope } from './auth.ts';
export { heartbeat, workerLeft, workerState } from './fleet.ts';
export type { WorkerState } from './fleet.ts';
export {
  EXCLUDED_WORKERS_MAX,
  acquireInput,
  acquireManyInput,
  acquireManyOutput,
  acquireOutput,
  latencyTargets,
  leasesReleased,
  model,
  priority,
  requestedServiceTier,
  routerContract,
} from './router.ts';
export type { AcquireInput, AcquireOutput, LatencyTargets, Model, Priority, RequestedServiceTier } from './router.ts';
export {
  generationEnd,
  generationHead,
  generationInput,
  modelContract,
  tokenUsage,
  workerContract,
} from './inference.ts';
export type { GenerationEnd, GenerationHead, GenerationInput, TokenUsage } from './inference.ts';
export { gatewayContract } from './gateway.ts';
export { embeddingInput, rankingInput } from './embedding.ts';
export type { EmbeddingInput, RankingInput } from './embedding.ts';
export { mediaHead, mediaInput, mediaRoutes } from './media.ts';
export type { MediaFile, MediaHead, MediaInput, MediaRoute, MediaTask } from './media.ts';
export { decodeScore, decodeVector, encodeScore, encodeVector } from './embedding-frames.ts';
export { usageRecord, usageRecorded } from './usage.ts';
export type { UsageRecord } from './usage.ts';
export { completionId, responsesContract, STORED_BYTES_MAX, storedCompletion } from './responses.ts';
export type { StoredCompletion } from './responses.ts';
export { metadata } from './openai/metadata.ts';
export { storableText } from './openai/storable-text.ts';
export type { Metadata } from './openai/metadata.ts';
export type { ChatMessage } from './openai/chat-message.ts';
export { chatCompletionRequest, reasoningEffort } from './openai/chat-completion-request.ts';
export type { ChatCompletionRequest, ReasoningEffort } from './openai/chat-completion-request.ts';
export { embeddingRequest } from './openai/embedding-request.ts';
export type { EmbeddingRequest } from './openai/embedding-request.ts';
export { rerankRequest } from './openai/rerank-request.ts';
export type { RerankRequest } from './openai/rerank-request.ts';
export { scoreRequest } from './openai/score-request.ts';
export type { ScoreRequest } from './openai/score-request.ts';
export { speechRequest } from './openai/speech-request.ts';
export { transcriptionRequest, translationRequest } from './openai/transcription-request.ts';
export { imageEditRequest, imageGenerationRequest, imageVariationRequest } from './openai/image-request.ts';
