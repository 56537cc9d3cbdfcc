/**
 * Reasoning as vendor events, for streams with `x_events`: `event: x_reasoning.delta`, with the id of the completion, the index
 * of the choice and the text. A chunk without other content is not sent. Vendor events are opt-in, since clients that expect
 * only chunks would misinterpret them.
 */
import type { ChunkChoice } from '@xerotier/chat-choices';

export interface SplitChunk {
  /** Complete server-sent events; empty if there are none. */
  readonly events: string;
  /** JSON text of the remaining choices; undefined if they are empty. */
  readonly choices: string | undefined;
}

/** @param keepsReasoning whether chunks keep the reasoning. */
export function splitVendorEvents(json: Uint8Array, completionId: string, keepsReasoning: boolean): SplitChunk {
  const text = Buffer.from(json.buffer, json.byteOffset, json.byteLength).toString('utf8');
  // Fast path: most chunks have no reasoning, and are not parsed.
  if (!text.includes('"reasoning_content"')) return { events: '', choices: text };
  const choices = JSON.parse(text) as ChunkChoice[];
  const events = choices.flatMap(({ index, delta: { reasoning_content: reasoning } }) =>
    typeof reasoning === 'string' && reasoning !== '' ? [reasoningEvent(completionId, index, reasoning)] : [],
  );
  if (keepsReasoning) return { events: events.join(''), choices: text };
  const remaining = choices
    .map(({ delta: { reasoning_content: _reasoning, ...delta }, ...choice }) => ({ ...choice, delta }))
    .filter(({ delta, finish_reason: reason }) => reason !== null || Object.keys(delta).length > 0);
  return { events: events.join(''), choices: remaining.length === 0 ? undefined : JSON.stringify(remaining) };
}

function reasoningEvent(id: string, index: number, delta: string): string {
  const type = 'x_reasoning.delta';
  return `event: ${type}\ndata: ${JSON.stringify({ type, id, index, delta })}\n\n`;
}
