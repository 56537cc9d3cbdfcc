import type { ModelCallContext } from '@xerotier/contracts/inference';
import type { turnsContract } from '@xerotier/contracts/responses';
import type { ResponseRequest } from '@xerotier/public-api/responses';
import type { z } from 'zod';
import { newResponseId } from '../responses/response-id.ts';
import type { TurnContext, TurnRequest } from '../responses/turn-origins.service.ts';
import type { NewTurn } from '../responses/turn-records.service.ts';
import { requestedFields } from './response-object.ts';

/** What the caller of a turn keeps of the response that it continues. */
export type Kept = z.output<typeof turnsContract.operations.run.input>['kept'];

/** What has to be read for a request. */
export function turnRequestOf({ projectId }: ModelCallContext, request: ResponseRequest, kept?: Kept): TurnRequest {
  const { previous_response_id: requestedId, conversation: conversationId, input } = request;
  const previousId = kept === undefined ? requestedId : kept.previousId;
  return { projectId, previousId, conversationId, input, keptItems: kept?.items ?? 0 };
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
