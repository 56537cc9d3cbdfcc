/** The text of a message in any of its forms. */
import type { ChatMessage } from '@xerotier/public-api/chat-completions';

/** Joins text parts with line breaks, as other servers of this API do. Other parts are ignored. */
export function messageText(message: ChatMessage): string {
  const { content } = message;
  if (typeof content === 'string') return content;
  if (content == null) return message.role === 'assistant' ? (message.refusal ?? '') : '';
  return content
    .flatMap((part) => (part.type === 'text' ? [part.text] : part.type === 'refusal' ? [part.refusal] : []))
    .join('\n');
}
