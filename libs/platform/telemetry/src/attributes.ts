/**
 * Names of span attributes and events: those of OpenTelemetry's semantic conventions, else `xerotier.*`. No attribute contains a
 * prompt, a completion, a key, a header value or the address of a client.
 */
export const attribute = {
  /** Code of the error table, or the HTTP status if there is none. */
  errorType: 'error.type',

  httpRequestMethod: 'http.request.method',
  httpRoute: 'http.route',
  httpResponseStatusCode: 'http.response.status_code',

  rpcSystem: 'rpc.system',
  rpcService: 'rpc.service',
  rpcMethod: 'rpc.method',

  messagingSystem: 'messaging.system',
  messagingOperationType: 'messaging.operation.type',
  messagingDestinationName: 'messaging.destination.name',
  messagingConsumerGroupName: 'messaging.consumer.group.name',
  messagingBatchMessageCount: 'messaging.batch.message_count',

  genAiOperationName: 'gen_ai.operation.name',
  genAiProviderName: 'gen_ai.provider.name',
  genAiRequestModel: 'gen_ai.request.model',
  genAiUsageInputTokens: 'gen_ai.usage.input_tokens',
  genAiUsageOutputTokens: 'gen_ai.usage.output_tokens',

  requestId: 'xerotier.request.id',
  projectId: 'xerotier.project.id',
  /** Of a request as in the access log: completed, failed or client_closed. Of an attempt: completed, cancelled or failed. */
  outcome: 'xerotier.outcome',
  workerId: 'xerotier.worker.id',
  choiceIndex: 'xerotier.choice.index',
  /** Number of the attempt, from 1. */
  attempt: 'xerotier.attempt',
  command: 'xerotier.command',
} as const;

export const spanEvent = {
  firstToken: 'first_token',
} as const;
