/** What gateways ask of one another. A request id begins with the gateway that serves it, so the right one is asked. */
import { z } from 'zod';
import { request, service } from '../define.ts';
import { projectId } from '../ids.ts';

export const gatewayContract = service('gateway', {
  cancelCompletion: request({
    subject: 'gateway.v1.cancel.{gateway}',
    timeoutMs: 2_000,
    input: z.object({
      completionId: z.string().max(128),
      projectId,
      /** On an endpoint URL only what that endpoint serves can be cancelled. */
      endpointId: z.uuid().optional(),
    }),
    /** False when it is not in flight here, or not this project's: nobody learns which. */
    output: z.object({ cancelled: z.boolean() }),
    errors: [],
  }),
});
