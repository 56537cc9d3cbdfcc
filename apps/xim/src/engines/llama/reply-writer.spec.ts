import type { ChunkChoice, EngineEvent } from '../engine.ts';
import { choicesOf, contentOf } from '../testing/jobs.ts';
import { dialectOf } from './dialect.ts';
import { ReplyReader } from './reply-reader.ts';
import { ReplyWriter } from './reply-writer.ts';
import type { ReplyWriterOptions } from './reply-writer.ts';

const PARIS = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Paris"}}\n</tool_call>';

function writing(options: Partial<ReplyWriterOptions> = {}): { writer: ReplyWriter; notified: string[] } {
  const notified: string[] = [];
  const writer = new ReplyWriter({
    choiceIndex: 2,
    reader: new ReplyReader(dialectOf(''), { reasoning: 'optional', mayCall: true }),
    guide: { callOpened: () => void notified.push('opened'), callClosed: () => void notified.push('closed') },
    stops: [],
    mayCall: true,
    showsReasoning: false,
    parallelCalls: true,
    ...options,
  });
  return { writer, notified };
}

function deltasOf(events: EngineEvent[]): ChunkChoice['delta'][] {
  return (choicesOf(events) as ChunkChoice[]).map(({ delta }) => delta);
}

describe('ReplyWriter', () => {
  it('emits the content without the reasoning', () => {
    const { writer } = writing();
    const events = [...writer.push('<think>\nhm\n</think>\n\nYes'), ...writer.push('.'), ...writer.end('stop')];
    expect((choicesOf(events) as ChunkChoice[]).map(contentOf).join('')).toBe('Yes.');
    expect(choicesOf(events).at(-1)).toMatchObject({ index: 2, finish_reason: 'stop' });
  });

  it('emits the reasoning separately when it is requested', () => {
    const { writer } = writing({ showsReasoning: true, mayCall: false });
    const events = [...writer.push('<think>\nhm'), ...writer.push(', so\n</think>\n\nYes.'), ...writer.end('stop')];
    const deltas = deltasOf(events);
    expect(
      deltas
        .map(({ reasoning_content: reasoning }) => reasoning ?? '')
        .join('')
        .trim(),
    ).toBe('hm, so');
    expect(deltas.map(({ content }) => content ?? '').join('')).toBe('Yes.');
    expect(deltas.filter((delta) => delta.content && delta.reasoning_content)).toEqual([]);
  });

  it('emits tool calls as deltas: id and name once, then the arguments, each call with its own index', () => {
    const { writer, notified } = writing();
    const events = [...writer.push(`${PARIS}\n`), ...writer.push(PARIS), ...writer.end('stop')];
    const calls = deltasOf(events).flatMap((delta) => delta.tool_calls ?? []);
    expect(calls).toEqual(
      [0, 1].flatMap((index) => [
        {
          index,
          id: expect.stringMatching(/^call_[0-9a-f]{24}$/),
          type: 'function',
          function: { name: 'get_weather', arguments: '' },
        },
        { index, function: { arguments: '{"city": "Paris"}' } },
      ]),
    );
    expect(new Set(calls.flatMap(({ id }) => id ?? [])).size).toBe(2);
    expect(choicesOf(events).at(-1)).toMatchObject({ finish_reason: 'tool_calls' });
    expect(notified).toEqual(['closed', 'closed']);
  });

  it('emits the role once: with the first tool call and no content, or with empty content', () => {
    const { writer: calling } = writing();
    const deltas = deltasOf([...calling.push(PARIS), ...calling.push(PARIS), ...calling.end('stop')]);
    expect(deltas[0]).toMatchObject({
      role: 'assistant',
      content: null,
      tool_calls: [{ index: 0, id: expect.any(String) }],
    });
    expect(deltas.slice(1).some((delta) => 'role' in delta || 'content' in delta)).toBe(false);
    const { writer: saying } = writing();
    const begun = deltasOf([...saying.push('Yes'), ...saying.push('.')]);
    expect(begun).toEqual([{ role: 'assistant', content: '' }, { content: 'Yes' }, { content: '.' }]);
    expect(deltasOf(writing().writer.end('stop'))).toEqual([{ role: 'assistant', content: '' }, {}]);
  });

  it('emits the role at the first token when there are no tools, even during reasoning', () => {
    expect(deltasOf(writing({ mayCall: false }).writer.push('<think>'))).toEqual([{ role: 'assistant', content: '' }]);
    expect(deltasOf(writing().writer.push('<think>'))).toEqual([]);
  });

  it('notifies the grammar when a tool call opens and closes', () => {
    const { writer, notified } = writing();
    writer.push('<tool_call>');
    expect(notified).toEqual(['opened']);
    writer.push('{"name": "a", "arguments": {}}</tool_call>');
    expect(notified).toEqual(['opened', 'closed']);
  });

  it('is done after the first tool call without parallel calls, and at any text after a tool call', () => {
    const one = writing({ parallelCalls: false }).writer;
    one.push(PARIS);
    expect(one.isDone).toBe(true);
    const chatty = writing().writer;
    chatty.push(PARIS);
    expect(chatty.isDone).toBe(false);
    expect(deltasOf(chatty.push(' I called it.'))).toEqual([]);
    expect(chatty.isDone).toBe(true);
  });

  it('ends before a stop string in the content, but not in reasoning or arguments', () => {
    const { writer } = writing({ stops: ['Paris'] });
    const events = writer.push(`<think>Paris</think>It is Par`);
    expect(writer.isDone).toBe(false);
    events.push(...writer.push('is.'), ...writer.end('stop'));
    expect(writer.isDone).toBe(true);
    expect((choicesOf(events) as ChunkChoice[]).map(contentOf).join('')).toBe('It is ');
    const calling = writing({ stops: ['Paris'] }).writer;
    expect(deltasOf(calling.push(PARIS))).toHaveLength(2);
  });

  it('finishes with length at the limit, even within a tool call', () => {
    const { writer } = writing();
    writer.push(PARIS.slice(0, -20));
    expect(choicesOf(writer.end('length')).at(-1)).toMatchObject({ finish_reason: 'length' });
  });
});
