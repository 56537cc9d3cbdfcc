/** Which endpoints the lines of batches would use, as gateways select them. */
import { BATCH_ENDPOINTS } from '@xerotier/public-api/batches';
import { z } from 'zod';
import { tierSlug } from '../auth/tiers.ts';
import { request, service } from '../define.ts';
import { projectId, slug } from '../ids.ts';

const tokens = z.number().int().positive().optional();

export const batchEndpointsContract = service('batch-endpoints', {
  /** The endpoints of models, in the same order. */
  selectEndpoints: request({
    subject: 'gateway.v1.batch-endpoints.select',
    timeoutMs: 5_000,
    input: z.object({
      projectId,
      keyId: z.string().max(64),
      path: z.enum(BATCH_ENDPOINTS),
      models: z.array(z.string().max(256)).max(1_000),
    }),
    output: z.object({
      endpoints: z.array(
        z.object({
          slug,
          tier: tierSlug,
          /** Of a completion without a maximum of its own. */
          completionTokensMax: tokens,
          /** Of the model, if it is known. */
          contextTokens: tokens,
        }),
      ),
    }),
    errors: [
      'auth.invalid_key',
      'auth.scope_insufficient',
      'auth.unavailable',
      'project.not_found',
      'project.archived',
      'model.not_found',
      'router.unavailable',
    ],
  }),
});
