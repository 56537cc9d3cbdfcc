import type { GenerationHead } from '@xerotier/contracts/xim';
import { noteForLog } from '@xerotier/http';
import type { ServerResponse } from 'node:http';

/** The headers that tell how a response was made; the access log tells the worker too. */
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
