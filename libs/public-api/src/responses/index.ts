export {
  cancelResponse,
  compactResponse,
  connectResponses,
  countInputTokens,
  createResponse,
  deleteResponse,
  listInputItems,
  responsesOperations,
  retrieveResponse,
} from './responses.api.ts';
export { INPUT_ITEMS_MAX } from './context-fields.ts';
export { outputPart, responseStreamEvent } from './events.ts';
export type { OutputPart, ResponseStreamEvent } from './events.ts';
export { compactResponseRequest, countInputTokensRequest, createResponseRequest } from './request.ts';
export type { CompactResponseRequest, CountInputTokensRequest, ResponseRequest } from './request.ts';
export { incompleteReason, responseCompaction, responseErrorCode, responseObject, responseStatus } from './response.ts';
export type {
  IncompleteReason,
  PublicResponse,
  ResponseCompaction,
  ResponseErrorCode,
  ResponseStatus,
  ResponseUsage,
} from './response.ts';
export { isStreamId, responseCreateFields, responseSocketEvent } from './web-socket.ts';
export { isCustomTool, isFunctionTool, isNamespaceTool } from './tools.ts';
export type { CustomTool, FunctionTool, NamespaceTool, ResponseTool, ResponseToolChoice } from './tools.ts';
