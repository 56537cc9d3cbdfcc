import type { ModelCallContext } from '@xerotier/contracts/inference';
import type { ResponseRequest } from '@xerotier/public-api/responses';
import { newResponseId } from '../responses/response-id.ts';
import type { TurnContext, TurnRequest } from '../responses/turn-origins.service.ts';
import type { NewTurn } from '../responses/turn-records.service.ts';
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
  // What goes on without its client runs as a job, too.
  const background = request.background === true || request.x_detach === true;
  return {
    ...{ projectId, id, createdAt, origin, input: request.input, fence: 0 },
    // A response in the background is kept in any case, and its client reads what is kept.
    streamed: request.stream === true && (request.store !== false || background),
    background,
    stored: request.store !== false,
    requested: requestedFields({ id, createdAt: createdAt.getTime(), model: modelName, tier, request }),
  };
}
