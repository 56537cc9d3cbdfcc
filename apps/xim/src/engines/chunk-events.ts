/** The chunks of one choice, for engines that make their own: role, text, finish reason. */
import type { EngineEvent } from './engine.ts';

export type FinishReason = 'stop' | 'length';

export function roleChunk(index: number): EngineEvent {
  return {
    type: 'chunk',
    choices: [{ index, delta: { role: 'assistant', content: '' }, logprobs: null, finish_reason: null }],
  };
}

export function contentChunk(index: number, content: string): EngineEvent {
  return { type: 'chunk', choices: [{ index, delta: { content }, logprobs: null, finish_reason: null }] };
}

export function finishChunk(index: number, reason: FinishReason): EngineEvent {
  return { type: 'chunk', choices: [{ index, delta: {}, logprobs: null, finish_reason: reason }] };
}

/** The first event of a generation; `maxTokensClampedFrom` is absent unless the limit was lowered. */
export function headEvent(maxTokensClampedFrom?: number): EngineEvent {
  return { type: 'head', ...(maxTokensClampedFrom !== undefined && { maxTokensClampedFrom }) };
}
