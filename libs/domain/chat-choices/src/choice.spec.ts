import { ChoiceCollector } from './choice-collector.ts';
import { chunkOf } from './choice.ts';
import type { Choice } from './choice.ts';

const call = (id: string): object => ({ id, type: 'function', function: { name: 'look', arguments: '{"a":1}' } });

describe('chunkOf', () => {
  it.each<[string, Choice]>([
    [
      'text',
      {
        index: 2,
        message: { role: 'assistant', content: 'Hi.', refusal: null },
        finish_reason: 'stop',
        logprobs: null,
      },
    ],
    [
      'all parts',
      {
        index: 2,
        message: {
          ...{ role: 'assistant', content: 'Hi.', refusal: 'No.', annotations: ['a'], reasoning_content: 'Hm.' },
          tool_calls: [call('call_1'), call('call_2')],
        },
        finish_reason: 'tool_calls',
        logprobs: { content: ['a'], refusal: ['b'] },
      },
    ],
  ])('joins to the same choice again: %s', (_name, choice) => {
    const collector = new ChoiceCollector(choice.index);
    collector.add(chunkOf(choice));
    expect(collector.choice()).toEqual({ ...choice, message: { annotations: [], ...choice.message } });
  });

  it('keeps the order of calls, which have no index in a whole choice', () => {
    const message = { role: 'assistant' as const, content: null, refusal: null, tool_calls: [call('b'), call('a')] };
    const { delta } = chunkOf({ index: 0, message, finish_reason: 'tool_calls', logprobs: null });
    expect(delta.tool_calls?.map(({ index, id }) => [index, id])).toEqual([
      [0, 'b'],
      [1, 'a'],
    ]);
  });
});
