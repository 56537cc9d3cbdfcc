/**
 * Counts the tokens of a prompt, as `generate` would. Any worker of the model counts, without a slot: nothing is computed, so that
 * counting does not wait behind generations. Workers of earlier releases do not serve it.
 */
import { z } from 'zod';
import { chatCompletionRequest } from '@xerotier/public-api/chat-completions';
import { service, stream } from '../define.ts';
import { workerId } from '../ids.ts';
import { workContext } from '../inference/request-context.ts';

export const countInput = workContext
  .pick({ requestId: true, projectId: true, priority: true })
  .extend({ chat: chatCompletionRequest });
export type CountInput = z.infer<typeof countInput>;

export const countingContract = service('xim', {
  count: stream({
    subject: 'count.v1.{model}',
    input: countInput,
    head: z.object({ workerId }),
    end: z.object({ inputTokens: z.number().int().nonnegative() }),
    errors: [
      'worker.busy',
      'worker.draining',
      'request.unsupported_parameter',
      'request.invalid',
      'inference.task_unsupported',
      'inference.context_length_exceeded',
      'inference.prompt_too_long',
      'inference.upstream_rejected',
      'inference.engine_failed',
      'inference.engine_unavailable',
    ],
  }),
});
