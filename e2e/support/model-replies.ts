/** What a scripted upstream replies with, as the deltas of one streamed completion. */
import type { Json } from './recorded-exchanges.ts';
import type { UpstreamReply } from './scripted-upstream.ts';

type Delta = Readonly<Record<string, unknown>>;

export function replyOf(deltas: readonly Delta[], finish = 'stop', logprobs?: Delta): UpstreamReply {
  const common = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 0, model: 'upstream-model' };
  const choices = deltas.map((delta) => ({ index: 0, delta, finish_reason: null, ...(logprobs && { logprobs }) }));
  const bodies: Json[] = [
    ...choices.map((choice) => ({ ...common, choices: [choice] })),
    { ...common, choices: [{ index: 0, delta: {}, finish_reason: finish }] },
    { ...common, choices: [], usage: { prompt_tokens: 9, completion_tokens: 4, total_tokens: 13 } },
  ];
  return { stream: true, bodies };
}

/** The call `call_<index>` of a tool, with its arguments in pieces. */
export function callOf(name: string, pieces: readonly string[], index = 0): Delta[] {
  const start = { index, id: `call_${index}`, type: 'function', function: { name, arguments: '' } };
  const rest = pieces.map((piece) => ({ tool_calls: [{ index, function: { arguments: piece } }] }));
  return [{ tool_calls: [start] }, ...rest];
}
