/** The request as the upstream gets it. */
import type { ChatCompletionRequest } from '@xerotier/contracts';
import type { AppError } from '@xerotier/errors';
import { askedMaxTokens } from '../token-budget.ts';

/** A request with a limit that fits, as far as can be known. */
export interface FittedRequest {
  readonly request: ChatCompletionRequest;
  /** What the upstream is told; absent where it shall use all the room there is. */
  limit: number | undefined;
  /** What was asked for, when less of it is granted. */
  clampedFrom: number | undefined;
}

/**
 * What the platform deals with itself, and what is none of the upstream's business (who asked, what they noted about it).
 */
const NOT_PASSED_ON: ReadonlySet<string> = new Set([
  'model',
  'n',
  'stream',
  'stream_options',
  'store',
  'metadata',
  'user',
  'service_tier',
  'max_tokens',
  'max_completion_tokens',
  'include_reasoning',
  'x_events',
]);

/**
 * A limit of the whole context or more cannot fit, since the prompt needs room too. How much of it is left only the
 * upstream knows, so it is told no limit at all, which means all that is left.
 */
export function fitLimit(request: ChatCompletionRequest, contextTokens: number): FittedRequest {
  const asked = askedMaxTokens(request);
  return asked !== undefined && asked >= contextTokens
    ? { request, limit: undefined, clampedFrom: asked }
    : { request, limit: asked, clampedFrom: undefined };
}

/**
 * After a refusal for lack of room: lowers the limit to the room that the upstream named.
 * @returns false when the refusal has another reason, or when the prompt alone is too long.
 */
export function lowerLimit(fitted: FittedRequest, refusal: AppError): boolean {
  const { promptTokens, contextTokens } = refusal.details;
  if (refusal.code !== 'inference.context_length_exceeded' || fitted.limit === undefined) return false;
  const room = Number(contextTokens) - Number(promptTokens);
  if (!(room >= 1 && room < fitted.limit)) return false;
  fitted.clampedFrom = fitted.limit;
  fitted.limit = room;
  return true;
}

export function upstreamBody({ request, limit }: FittedRequest, model: string): Record<string, unknown> {
  const passedOn = Object.entries(request).filter(([name, value]) => value !== undefined && !NOT_PASSED_ON.has(name));
  const streamed = request.stream === true;
  return {
    ...Object.fromEntries(passedOn),
    model,
    stream: streamed,
    ...(streamed && { stream_options: { include_usage: true } }),
    ...(limit !== undefined && limitFields(request, limit)),
  };
}

/**
 * Under the name that the client used, and under the older one in any case: Ollama and older releases of llama-server know
 * only that, and would ignore the limit without a word.
 */
function limitFields(request: ChatCompletionRequest, limit: number): Record<string, number> {
  return { max_tokens: limit, ...(request.max_completion_tokens !== undefined && { max_completion_tokens: limit }) };
}
