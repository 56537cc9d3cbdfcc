/**
 * Thoughts as vendor events, for streams that asked for `x_events`: `event: x_reasoning.delta`, with the completion's id, the
 * choice's index and the text. A chunk that holds nothing else is not sent. Clients that know only chunks would take an
 * event for one, which is why nobody gets them unasked.
 */
import type { ChunkChoice } from '@xerotier/chat-choices';

export interface SplitChunk {
  /** Complete server-sent events; empty when there are none. */
  readonly events: string;
  /** JSON text of what is left of the choices; undefined when nothing is. */
  readonly choices: string | undefined;
}

/** @param keepsThoughts they are wanted in the chunks too. */
export function splitVendorEvents(json: Uint8Array, completionId: string, keepsReasoning: boolean): SplitChunk {
  const text = Buffer.from(json.buffer, json.byteOffset, json.byteLength).toString('utf8');
  // Most chunks have none, and need not be read.
  if (!text.includes('"reasoning_content"')) return { events: '', choices: text };
  const choices = JSON.parse(text) as ChunkChoice[];
  const events = choices.flatMap(({ index, delta: { reasoning_content: reasoning } }) =>
    typeof reasoning === 'string' && reasoning !== '' ? [reasoningEvent(completionId, index, reasoning)] : [],
  );
  if (keepsReasoning) return { events: events.join(''), choices: text };
  const left = choices
    .map(({ delta: { reasoning_content: _reasoning, ...delta }, ...choice }) => ({ ...choice, delta }))
    .filter(({ delta, finish_reason: reason }) => reason !== null || Object.keys(delta).length > 0);
  return { events: events.join(''), choices: left.length === 0 ? undefined : JSON.stringify(left) };
}

function reasoningEvent(id: string, index: number, delta: string): string {
  const type = 'x_reasoning.delta';
  return `event: ${type}\ndata: ${JSON.stringify({ type, id, index, delta })}\n\n`;
}
