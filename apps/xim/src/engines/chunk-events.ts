/** The chunks of one choice, for engines that make their own: role, text, finish reason. */
import type { ReasoningEffort } from '@xerotier/public-api/chat-completions';
import type { EngineEvent, ToolCallDelta } from './engine.ts';

export type FinishReason = 'stop' | 'length' | 'tool_calls';

export function roleChunk(index: number): EngineEvent {
  return {
    type: 'chunk',
    choices: [{ index, delta: { role: 'assistant', content: '' }, logprobs: null, finish_reason: null }],
  };
}

/** A chunk of an answer without a text, when it is the first one. */
export function withRole(event: EngineEvent): EngineEvent {
  if (event.type !== 'chunk') return event;
  const choices = event.choices.map((choice) => ({
    ...choice,
    delta: { role: 'assistant' as const, content: null, ...choice.delta },
  }));
  return { type: 'chunk', choices };
}

export function contentChunk(index: number, content: string): EngineEvent {
  return { type: 'chunk', choices: [{ index, delta: { content }, logprobs: null, finish_reason: null }] };
}

/** A piece of what the model thinks before it answers, under the name that vLLM's clients know. */
export function reasoningChunk(index: number, text: string): EngineEvent {
  return {
    type: 'chunk',
    choices: [{ index, delta: { reasoning_content: text }, logprobs: null, finish_reason: null }],
  };
}

/** A tool call begins: its id and name, once. */
export function callChunk(index: number, callIndex: number, id: string, name: string): EngineEvent {
  return toolChunk(index, { index: callIndex, id, type: 'function', function: { name, arguments: '' } });
}

/** The next piece of a tool call's arguments. */
export function argumentsChunk(index: number, callIndex: number, text: string): EngineEvent {
  return toolChunk(index, { index: callIndex, function: { arguments: text } });
}

function toolChunk(index: number, call: ToolCallDelta): EngineEvent {
  return { type: 'chunk', choices: [{ index, delta: { tool_calls: [call] }, logprobs: null, finish_reason: null }] };
}

export function finishChunk(index: number, reason: FinishReason): EngineEvent {
  return { type: 'chunk', choices: [{ index, delta: {}, logprobs: null, finish_reason: reason }] };
}

/**
 * The first event of a generation; `maxTokensClampedFrom` is absent unless the limit was lowered, and the effort where
 * nothing is known of thinking.
 */
export function headEvent(
  maxTokensClampedFrom?: number,
  adjustedReasoningEffort?: ReasoningEffort,
  systemFingerprint?: string,
): EngineEvent {
  return {
    type: 'head',
    ...(maxTokensClampedFrom !== undefined && { maxTokensClampedFrom }),
    ...(adjustedReasoningEffort !== undefined && { adjustedReasoningEffort }),
    ...(systemFingerprint !== undefined && { systemFingerprint }),
  };
}
