/** Settings of an endpoint that requests to it inherit. */
import { z } from 'zod';
import { latencyTargets } from '../inference/request-class.ts';

export const endpointStatus = z.enum(['active', 'paused']);
export type EndpointStatus = z.infer<typeof endpointStatus>;

/** Used for what a chat completion request does not set itself. */
export const endpointDefaults = z.object({
  temperature: z.number().min(0).max(2).optional(),
  topP: z.number().min(0).max(1).optional(),
  maxCompletionTokens: z.number().int().positive().optional(),
  /** Precedes the messages of each request, as a system message of its own. */
  systemPrompt: z.string().min(1).max(32_768).optional(),
});
export type EndpointDefaults = z.infer<typeof endpointDefaults>;

export const endpointSettings = z.object({
  defaults: endpointDefaults.optional(),
  /** Of requests without latency targets of their own. */
  latencyTargets: latencyTargets.optional(),
});
