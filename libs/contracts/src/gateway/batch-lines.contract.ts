/** Lines of batches, which gateways serve like requests of clients: any gateway takes any line. */
import { BATCH_ENDPOINTS } from '@xerotier/public-api/batches';
import { TEXTS_MAX } from '@xerotier/public-api/fields';
import { z } from 'zod';
import { request, service, stream } from '../define.ts';
import { projectId, requestId } from '../ids.ts';
import { usageRecord } from '../inference/events.ts';

export const batchLinesContract = service('batch-lines', {
  /** The response of the public API, whatever its status. Data frames are the bytes of its body. */
  respond: stream({
    subject: 'gateway.v1.batch-lines.respond',
    input: z.object({
      projectId,
      /** The key that has created the batch. */
      keyId: z.string().max(64),
      path: z.enum(BATCH_ENDPOINTS),
      /** JSON. */
      body: z.string(),
    }),
    head: z.object({ status: z.number().int().min(100).max(599), requestId }),
    end: z.object({
      /** To be recorded if and when the response is kept. Absent if nothing was computed. */
      usage: usageRecord.optional(),
      /** How long it waited for a worker. */
      waitedMs: z.number().int().nonnegative().default(0),
      /** Of each input of `/v1/embeddings`, if the engine counts them one by one. */
      inputTokens: z.array(z.number().int().nonnegative()).max(TEXTS_MAX).optional(),
    }),
    errors: ['service.draining'],
  }),
  /** Which of the models in lines of a batch select no endpoint. */
  findUnknownModels: request({
    subject: 'gateway.v1.batch-lines.find-unknown-models',
    timeoutMs: 5_000,
    input: z.object({
      projectId,
      keyId: z.string().max(64),
      models: z.array(z.string().max(256)).max(1_000),
    }),
    output: z.object({ unknown: z.array(z.string()) }),
    errors: [
      'auth.invalid_key',
      'auth.scope_insufficient',
      'auth.unavailable',
      'project.not_found',
      'project.archived',
    ],
  }),
});
