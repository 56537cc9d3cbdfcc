/** The text of a message, whichever of its forms it has. */
import type { ChatMessage } from '@xerotier/public-api/chat-completions';

/** Text parts are joined by a line break, as other servers of this API join them. Parts that are not text count as nothing. */
export function messageText(message: ChatMessage): string {
  const { content } = message;
  if (typeof content === 'string') return content;
  if (content == null) return message.role === 'assistant' ? (message.refusal ?? '') : '';
  return content
    .flatMap((part) => (part.type === 'text' ? [part.text] : part.type === 'refusal' ? [part.refusal] : []))
    .join('\n');
}
