import type { ModelCallContext } from '@xerotier/contracts/inference';
import type { ResponseRequest } from '@xerotier/public-api/responses';
import { newResponseId } from '../responses/responses.service.ts';
import type { NewTurn, TurnContext, TurnRequest } from '../responses/responses.service.ts';
import { requestedFields } from './response-object.ts';

/** What has to be read for a request. */
export function turnRequestOf({ projectId }: ModelCallContext, request: ResponseRequest): TurnRequest {
  const { previous_response_id: previousId, conversation: conversationId, input } = request;
  return { projectId, previousId, conversationId, input };
}

export function newTurn(call: ModelCallContext, request: ResponseRequest, { origin }: TurnContext): NewTurn {
  const createdAt = new Date();
  const id = newResponseId();
  const { projectId, modelName, tier } = call;
  return {
    ...{ projectId, id, createdAt, origin, input: request.input, fence: 0 },
    streamed: request.stream === true && request.store !== false,
    // What goes on without its client runs as a job, too.
    background: request.background === true || request.x_detach === true,
    requested: requestedFields({ id, createdAt: createdAt.getTime(), model: modelName, tier, request }),
  };
}
