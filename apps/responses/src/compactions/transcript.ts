/**
 * A conversation as one text. A model that is to summarize it does not continue it then, and chat templates need not render its calls
 * of tools, which the request does not have.
 */
import type { ChatMessage } from '@xerotier/public-api/chat-completions';

export function transcriptOf(messages: readonly ChatMessage[]): string {
  return messages.flatMap(entriesOf).join('\n\n');
}

function entriesOf(message: ChatMessage): string[] {
  const text = textOf(message);
  if (message.role !== 'assistant') return [`[${message.role}]\n${text}`];
  const calls = (message.tool_calls ?? []).map(
    ({ function: { name, arguments: json } }) => `[assistant calls the tool ${name}]\n${json}`,
  );
  return [...(text === '' ? [] : [`[assistant]\n${text}`]), ...calls];
}

function textOf({ content }: ChatMessage): string {
  if (typeof content === 'string') return content;
  return (content ?? [])
    .map((part) => {
      if (part.type === 'text') return part.text;
      return part.type === 'refusal' ? part.refusal : `(${part.type === 'image_url' ? 'an image' : 'a file'})`;
    })
    .join('\n');
}
