/** Detects whether a server rejected a list of texts as too long, so that a smaller batch may succeed. */
import { AppError } from '@xerotier/errors';

/**
 * The messages of TEI (`batch size 64 > maximum allowed batch size 32`), OpenAI (tokens per request), Cohere (`total number of
 * texts must be at most 96`), Voyage and Jina.
 */
const TOO_MANY =
  /batch[ _-]?size|batch (?:is )?too (?:large|big|long)|too many (?:inputs|texts|documents|items|sentences|strings)|(?:number|length|list) of (?:the )?(?:inputs?|texts|documents|items)|(?:at most|maximum of|more than|exceeds?|up to) \d+ (?:inputs|texts|documents|items)|tokens per (?:request|batch)|max(?:imum)? request size|array (?:is )?too long/i;

export function isBatchTooLarge(error: unknown): boolean {
  if (!AppError.is(error) || error.code !== 'inference.upstream_rejected') return false;
  const { upstreamStatus, reason } = error.details;
  // 413 has no other meaning here.
  return upstreamStatus === 413 || TOO_MANY.test(String(reason));
}
