/** The order in which lines run that are known at the same time. */
import type { Line } from '../lines/line.ts';

/** Enough for long system prompts: what comes behind is rarely the same. */
const PREFIX_LENGTH_MAX = 32_768;

interface Ordered {
  readonly line: Pick<Line, 'url' | 'model' | 'body'>;
}

/**
 * Orders lines so that caches are warm: by model, and those of a model by their prompts, so that no line has a longer common prefix
 * with another one than with a neighbour. Lines whose prompts are the same stay in their order.
 */
export function orderOf<T extends Ordered>(lines: readonly T[]): T[] {
  return lines
    .map((of) => ({ of, model: of.line.model, prefix: prefixOf(of.line) }))
    .sort((one, other) => compared(one.model, other.model) || compared(one.prefix, other.prefix))
    .map(({ of }) => of);
}

/** What a worker reads first, as chat templates write it: tools, and messages in their order. Other routes have no cached prefixes. */
function prefixOf({ url, body }: Ordered['line']): string {
  if (url !== '/v1/chat/completions' && url !== '/v1/responses') return '';
  const { tools = null, instructions = null } = body;
  const messages = body['messages'] ?? body['input'];
  const texts = Array.isArray(messages) ? messages.map(textOf) : messages;
  return JSON.stringify([tools, instructions, texts]).slice(0, PREFIX_LENGTH_MAX);
}

/** Whatever the order of its fields is. */
function textOf(message: unknown): unknown {
  if (typeof message !== 'object' || message === null) return message;
  const { role, content, ...others } = message as Readonly<Record<string, unknown>>;
  return [role, content, others];
}

/** By code units: the order of a language would part prefixes. */
function compared(one: string, other: string): number {
  return one === other ? 0 : one < other ? -1 : 1;
}
