/**
 * What a service needs to call a model for a request that the gateway has authorized and admitted: the calls are placed, timed and charged
 * as if the gateway made them.
 */
import { z } from 'zod';
import { tierTimeouts } from '../auth/tiers.ts';
import { model } from '../router/contract.ts';
import { requestContext } from './request-context.ts';

export const modelCallContext = requestContext.extend({
  /** The `model` of responses. */
  modelName: model.shape.name,
  /** Of the model. Absent if unknown. */
  contextTokens: model.shape.contextTokens,
  /** Of the tier. Absent if it has none. */
  timeouts: tierTimeouts.optional(),
});
export type ModelCallContext = z.infer<typeof modelCallContext>;
