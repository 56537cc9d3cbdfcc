/**
 * Names of span attributes and events: OpenTelemetry's semantic conventions where they have one, else `xerotier.*`. No attribute holds a
 * prompt, a completion, a key, the value of a header, or the address of a client.
 */
export const attribute = {
  /** Code of the error table; of HTTP the status where there is no code. */
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
  /** completed, failed or client_closed, as in the access log; of an attempt completed, cancelled or failed. */
  outcome: 'xerotier.outcome',
  workerId: 'xerotier.worker.id',
  choiceIndex: 'xerotier.choice.index',
  /** 1 for the first worker that a generation is sent to. */
  attempt: 'xerotier.attempt',
  command: 'xerotier.command',
} as const;

export const spanEvent = {
  firstToken: 'first_token',
} as const;
