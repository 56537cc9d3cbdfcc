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
export { access, accessChanged, authContract, endpointAccess, scope } from './auth.ts';
export type { Access, EndpointAccess, Scope } from './auth.ts';
export { heartbeat, workerLeft, workerState } from './fleet.ts';
export type { WorkerState } from './fleet.ts';
export {
  acquireInput,
  acquireManyInput,
  acquireManyOutput,
  acquireOutput,
  leasesReleased,
  model,
  priority,
  routerContract,
} from './router.ts';
export type { AcquireInput, AcquireOutput, Model, Priority } from './router.ts';
export {
  generationEnd,
  generationHead,
  generationInput,
  modelContract,
  tokenUsage,
  workerContract,
} from './inference.ts';
export type { GenerationEnd, GenerationHead, GenerationInput, TokenUsage } from './inference.ts';
export { usageRecord, usageRecorded } from './usage.ts';
export type { UsageRecord } from './usage.ts';
export { completionId, responsesContract, STORED_BYTES_MAX, storedCompletion } from './responses.ts';
export type { StoredCompletion } from './responses.ts';
export { metadata } from './openai/metadata.ts';
export type { Metadata } from './openai/metadata.ts';
export { chatMessage } from './openai/chat-message.ts';
export type { ChatMessage } from './openai/chat-message.ts';
export { chatCompletionRequest } from './openai/chat-completion-request.ts';
export type { ChatCompletionRequest } from './openai/chat-completion-request.ts';
