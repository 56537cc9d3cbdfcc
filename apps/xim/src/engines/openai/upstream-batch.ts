/** Whether a server refused a list of texts because it has too many of them, so that fewer at once may be taken. */
import { AppError } from '@xerotier/errors';

/**
 * As TEI (`batch size 64 > maximum allowed batch size 32`), OpenAI (tokens per request), Cohere (`total number of texts must be
 * at most 96`), Voyage and Jina word it.
 */
const TOO_MANY =
  /batch[ _-]?size|batch (?:is )?too (?:large|big|long)|too many (?:inputs|texts|documents|items|sentences|strings)|(?:number|length|list) of (?:the )?(?:inputs?|texts|documents|items)|(?:at most|maximum of|more than|exceeds?|up to) \d+ (?:inputs|texts|documents|items)|tokens per (?:request|batch)|max(?:imum)? request size|array (?:is )?too long/i;

export function isBatchTooLarge(error: unknown): boolean {
  if (!AppError.is(error) || error.code !== 'inference.upstream_rejected') return false;
  const { upstreamStatus, reason } = error.details;
  // 413 says nothing else.
  return upstreamStatus === 413 || TOO_MANY.test(String(reason));
}
