import type { GenerationHead } from '@xerotier/contracts/xim';
import { noteForLog } from '@xerotier/http';
import type { ServerResponse } from 'node:http';

/** Returns the headers about the generation, and adds the worker to the access log. */
export function responseHeaders(
  { workerId, maxTokensClampedFrom }: GenerationHead,
  { req: request }: ServerResponse,
): Record<string, string> {
  noteForLog(request, { worker: workerId });
  return {
    'x-xerotier-worker-id': workerId,
    ...(maxTokensClampedFrom !== undefined && { 'x-xerotier-max-tokens-clamped': String(maxTokensClampedFrom) }),
  };
}
