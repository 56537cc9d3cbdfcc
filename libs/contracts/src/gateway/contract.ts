/** Requests between gateways. A request id begins with the id of the gateway that serves it. */
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
      /** Restricts the cancellation to requests of this endpoint. */
      endpointId: z.uuid().optional(),
    }),
    /** False if it is not in flight here or belongs to another project; the caller cannot distinguish the two. */
    output: z.object({ cancelled: z.boolean() }),
    errors: [],
  }),
});
