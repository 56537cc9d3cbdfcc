/** Conversations as the model reads them, rendered by the template that its file carries. */
import { readFileSync } from 'node:fs';
import { Template } from '@huggingface/jinja';
import type { Conversation, Message, Tool } from './conversation.ts';

const source = readFileSync(new URL('../chat-template.jinja', import.meta.url), 'utf8');
const template = new Template(source);

const END = '<|im_end|>';
const REPLY = '<|im_start|>assistant\n';

export interface RenderOptions {
  readonly tools?: readonly Tool[] | undefined;
  readonly enableThinking?: boolean | undefined;
  /** Default: true. */
  readonly addGenerationPrompt?: boolean;
}

export function renderPrompt(messages: readonly Message[], options: RenderOptions = {}): string {
  return template.render({
    messages: messages.map(toTemplateMessage),
    add_generation_prompt: options.addGenerationPrompt ?? true,
    ...(options.tools !== undefined && { tools: options.tools }),
    ...(options.enableThinking !== undefined && { enable_thinking: options.enableThinking }),
  });
}

/** Templates expect the arguments of a call as an object. */
function toTemplateMessage(message: Message): Record<string, unknown> {
  if (message.role !== 'assistant' || message.tool_calls === undefined) return { ...message };
  return {
    ...message,
    tool_calls: message.tool_calls.map((call) => ({
      ...call,
      function: { name: call.function.name, arguments: JSON.parse(call.function.arguments) as unknown },
    })),
  };
}

/**
 * The text of a conversation in pieces: read, learnt, read, learnt, and so on. What the assistant writes is learnt, with
 * the token that ends its turn. Pieces meet at places where no token crosses.
 */
export function trainingPieces(conversation: Conversation): string[] {
  const { messages, tools, thought, enableThinking, forced } = conversation;
  const last = messages.at(-1);
  if (last?.role !== 'assistant') throw new Error('A conversation to learn from ends with the assistant.');
  const prompt = renderPrompt(messages.slice(0, -1), { tools, enableThinking });
  const rendered = renderPrompt([{ role: 'user', content: '' }, last], { addGenerationPrompt: false });
  const answer = rendered.slice(rendered.indexOf(REPLY) + REPLY.length, -1);
  const thinking = thought === undefined ? '' : `<think>\n${thought}\n</think>\n\n`;
  const earlier = conversation.learnLastOnly === true ? [prompt] : earlierPieces(prompt);
  if (forced === undefined) return [...earlier, thinking + answer];
  if (!answer.startsWith(forced)) throw new Error(`The answer does not begin with ${forced}.`);
  return [...earlier.slice(0, -1), `${earlier.at(-1)}${forced}`, answer.slice(forced.length)];
}

/** Splits a prompt so that the assistant's earlier messages are pieces of their own; the last piece is read only. */
function earlierPieces(prompt: string): string[] {
  const pieces: string[] = [];
  let from = 0;
  for (;;) {
    const start = prompt.indexOf(REPLY, from);
    const end = start < 0 ? -1 : prompt.indexOf(END, start);
    if (end < 0) return [...pieces, prompt.slice(from)];
    pieces.push(prompt.slice(from, start + REPLY.length), prompt.slice(start + REPLY.length, end + END.length));
    from = end + END.length;
  }
}
