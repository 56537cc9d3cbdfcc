/** A message of a stored completion as clients read it: text in `content`, parts in `content_parts`. */
export interface PublicMessage {
  id: string;
  content: string | null;
  content_parts: readonly unknown[] | null;
  refusal: string | null;
  name: string | null;
  [field: string]: unknown;
}

export function publicMessage({ id, message }: { id: string; message: Record<string, unknown> }): PublicMessage {
  const { content, refusal, name } = message;
  return {
    id,
    ...message,
    content: typeof content === 'string' ? content : null,
    content_parts: Array.isArray(content) ? content : null,
    refusal: typeof refusal === 'string' ? refusal : null,
    name: typeof name === 'string' ? name : null,
  };
}
