import fc from 'fast-check';
import type { ChunkChoice, ToolCallDelta } from './choice.ts';
import { ChoiceCollector } from './choice-collector.ts';

function chunk(delta: ChunkChoice['delta'], rest: Partial<ChunkChoice> = {}): ChunkChoice {
  return { index: 0, delta, finish_reason: null, logprobs: null, ...rest };
}

function collected(...chunks: ChunkChoice[]): ReturnType<ChoiceCollector['choice']> {
  const collector = new ChoiceCollector(4);
  for (const each of chunks) collector.add(each);
  return collector.choice();
}

describe('ChoiceCollector', () => {
  it('joins the content of a choice and takes its finish reason', () => {
    expect(
      collected(
        chunk({ role: 'assistant', content: '' }),
        chunk({ content: 'he' }),
        chunk({ content: 'llo' }),
        chunk({}, { finish_reason: 'stop' }),
      ),
    ).toEqual({
      index: 4,
      message: { role: 'assistant', content: 'hello', refusal: null, annotations: [] },
      logprobs: null,
      finish_reason: 'stop',
    });
  });

  it('joins to the same content regardless of the chunk boundaries', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' })), (parts) => {
        expect(collected(...parts.map((content) => chunk({ content }))).message.content).toBe(parts.join(''));
      }),
    );
  });

  it('returns empty content with the finish reason length without chunks', () => {
    expect(collected()).toMatchObject({ message: { content: '' }, finish_reason: 'length' });
  });

  it('joins annotations', () => {
    expect(
      collected(chunk({ annotations: ['a'] }), chunk({}), chunk({ annotations: ['b', 'c'] })).message,
    ).toMatchObject({
      annotations: ['a', 'b', 'c'],
    });
  });

  it('joins `refusal`', () => {
    expect(collected(chunk({ refusal: 'I ' }), chunk({ refusal: 'will not', content: null })).message.refusal).toBe(
      'I will not',
    );
  });

  it('joins tool calls by index, with null content unless there was content', () => {
    const call = (index: number, id: string, name: string): ChunkChoice =>
      chunk({ tool_calls: [{ index, id, type: 'function', function: { name, arguments: '' } }] });
    const more = (index: number, text: string): ChunkChoice =>
      chunk({ tool_calls: [{ index, function: { arguments: text } }] });
    const calls = [call(0, 'call_a', 'one'), more(0, '{"x"'), call(1, 'call_b', 'two'), more(1, '{}'), more(0, ':1}')];
    const { message } = collected(chunk({ role: 'assistant', content: '' }), ...calls);
    expect(message).toEqual({
      role: 'assistant',
      content: null,
      refusal: null,
      annotations: [],
      tool_calls: [
        { id: 'call_a', type: 'function', function: { name: 'one', arguments: '{"x":1}' } },
        { id: 'call_b', type: 'function', function: { name: 'two', arguments: '{}' } },
      ],
    });
    expect(collected(chunk({ content: 'I look.' }), ...calls).message.content).toBe('I look.');
  });

  it('ignores null fields, and accepts tool call indexes with gaps or without values', () => {
    const delta = (call: object): ChunkChoice => chunk({ tool_calls: [call as ToolCallDelta] });
    const started = { id: 'call_a', type: 'function', function: { name: 'one', arguments: '' } };
    const expected = [{ id: 'call_a', type: 'function', function: { name: 'one', arguments: '{}' } }];
    for (const numbered of [{ index: 0 }, { index: 3 }, {}]) {
      const more = { ...numbered, id: null, type: null, function: { name: null, arguments: '{}' } };
      const empty = { ...numbered, id: null, function: null };
      expect(collected(delta({ ...numbered, ...started }), delta(more), delta(empty)).message['tool_calls']).toEqual(
        expected,
      );
    }
    const two = collected(
      delta(started),
      delta({ function: { arguments: '{}' } }),
      delta({ ...started, id: 'call_b' }),
    );
    expect(two.message['tool_calls']).toMatchObject([{ id: 'call_a' }, { id: 'call_b' }]);
  });

  it('joins the arguments of tool calls regardless of chunk boundaries and interleaving', () => {
    const call = fc.record({ name: fc.stringMatching(/^[a-z]{1,8}$/), value: fc.object({ maxDepth: 2 }) });
    const calls = fc.array(call, { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(calls, fc.infiniteStream(fc.nat({ max: 5 })), fc.infiniteStream(fc.nat()), (given, sizes, turns) => {
        const remaining = given.map(({ value }) => JSON.stringify(value));
        const chunks = given.map(({ name }, index) =>
          chunk({ tool_calls: [{ index, id: `call_${index}`, type: 'function', function: { name, arguments: '' } }] }),
        );
        while (remaining.some((text) => text !== '')) {
          const index = turns.next().value % remaining.length;
          const size = sizes.next().value;
          const text = remaining[index] as string;
          chunks.push(chunk({ tool_calls: [{ index, function: { arguments: text.slice(0, size) } }] }));
          remaining[index] = text.slice(size);
        }
        const joined = collected(...chunks).message['tool_calls'] as { id: string; function: Record<string, string> }[];
        expect(joined.map(({ id }) => id)).toEqual(given.map((_, index) => `call_${index}`));
        expect(joined.map(({ function: called }) => called['name'])).toEqual(given.map(({ name }) => name));
        expect(joined.map(({ function: called }) => JSON.parse(called['arguments'] ?? '') as unknown)).toEqual(
          given.map(({ value }) => JSON.parse(JSON.stringify(value)) as unknown),
        );
      }),
    );
  });

  it('joins logprobs, and returns null without any', () => {
    const logprobs = (...content: unknown[]): Partial<ChunkChoice> => ({ logprobs: { content, refusal: null } });
    expect(collected(chunk({}, logprobs('a')), chunk({}), chunk({}, logprobs('b', 'c'))).logprobs).toEqual({
      content: ['a', 'b', 'c'],
      refusal: null,
    });
    const rejected = (...refusal: unknown[]): Partial<ChunkChoice> => ({ logprobs: { content: null, refusal } });
    expect(collected(chunk({}, rejected('a')), chunk({}, rejected('b'))).logprobs).toEqual({
      content: null,
      refusal: ['a', 'b'],
    });
    expect(collected(chunk({ content: 'x' })).logprobs).toBeNull();
  });

  it('returns a whole choice unchanged', () => {
    const whole = {
      index: 0,
      message: { role: 'assistant' as const, content: 'x', refusal: null },
      finish_reason: 'stop',
      logprobs: null,
    };
    const collector = new ChoiceCollector(0);
    collector.add(chunk({ content: 'ignored' }));
    collector.set(whole);
    expect(collector.choice()).toBe(whole);
  });
});
