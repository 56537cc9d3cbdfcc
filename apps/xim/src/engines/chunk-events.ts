/** The chunks of a choice, for engines that create their own. */
import type { ReasoningEffort } from '@xerotier/public-api/chat-completions';
import type { EngineEvent, ToolCallDelta } from './engine.ts';

export type FinishReason = 'stop' | 'length' | 'tool_calls';

export function roleChunk(index: number): EngineEvent {
  return {
    type: 'chunk',
    choices: [{ index, delta: { role: 'assistant', content: '' }, logprobs: null, finish_reason: null }],
  };
}

/** Adds the role to the first chunk of a response without content. */
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

/** A piece of the reasoning, in the field that clients of vLLM read. */
export function reasoningChunk(index: number, text: string): EngineEvent {
  return {
    type: 'chunk',
    choices: [{ index, delta: { reasoning_content: text }, logprobs: null, finish_reason: null }],
  };
}

/** The first chunk of a tool call, with its id and name. */
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
 * The first event of a generation. `maxTokensClampedFrom` is absent unless the limit was clamped, and the effort where the
 * reasoning of the model is unknown.
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
