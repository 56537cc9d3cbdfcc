/** What a request for a response inherits from its endpoint and its project. */
import type { Access, EndpointAccess } from '@xerotier/contracts/auth';
import type { ResponseRequest } from '@xerotier/public-api/responses';

/** Returns the request with the defaults for what it does not set itself. The system prompt of the endpoint is no part of it. */
export function withResponseDefaults(
  request: ResponseRequest,
  { defaults }: EndpointAccess,
  { settings }: Access,
): ResponseRequest {
  const { temperature, topP, maxCompletionTokens } = defaults ?? {};
  return {
    ...request,
    ...(temperature !== undefined && request.temperature === undefined && { temperature }),
    ...(topP !== undefined && request.top_p === undefined && { top_p: topP }),
    ...(maxCompletionTokens !== undefined &&
      request.max_output_tokens === undefined && { max_output_tokens: maxCompletionTokens }),
    ...(settings?.storeByDefault === false && request.store === undefined && { store: false }),
  };
}
