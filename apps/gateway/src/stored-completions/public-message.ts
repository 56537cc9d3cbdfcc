import type { getChatCompletionMessages } from '@xerotier/public-api/stored-completions';
import type { ResponseOf } from '@xerotier/public-api/operation';

type PublicMessage = ResponseOf<typeof getChatCompletionMessages>['data'][number];

/** Returns the public form of a stored message, with text in `content` and parts in `content_parts`. */
export function publicMessage({ id, message }: { id: string; message: Record<string, unknown> }): PublicMessage {
  const { role, content, refusal, name } = message;
  return {
    id,
    ...message,
    role: role as string,
    content: typeof content === 'string' ? content : null,
    content_parts: Array.isArray(content) ? content : null,
    refusal: typeof refusal === 'string' ? refusal : null,
    name: typeof name === 'string' ? name : null,
  };
}
