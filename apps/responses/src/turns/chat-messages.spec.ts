import { readFileSync } from 'node:fs';
import type { ChatMessage } from '@xerotier/public-api/chat-completions';
import { inputItem } from '@xerotier/public-api/items';
import type { InputItem, NewItem } from '@xerotier/public-api/items';
import { outputMessage } from '../compactions/compaction-texts.ts';
import { chatMessagesOf } from './chat-messages.ts';

const samples = JSON.parse(
  readFileSync(new URL('../../../../e2e/fixtures/conversation-items.json', import.meta.url), 'utf8'),
) as object[];

function parsed(item: object): NewItem {
  const result: InputItem = inputItem.parse(item);
  if (result.type === 'item_reference') throw new Error('It is a reference.');
  return result;
}

const messagesOf = (...items: object[]): ChatMessage[] =>
  chatMessagesOf(items.map((item, at) => ({ item: parsed(item), param: `input[${at}]` })));

function errorOf(...items: object[]): unknown {
  try {
    messagesOf(...items);
    return undefined;
  } catch (error) {
    return error;
  }
}

const hello = { role: 'user', content: 'Hello' };
const call = { type: 'function_call', call_id: 'call_1', name: 'add', arguments: '{"a":1}' };

describe('chatMessagesOf', () => {
  it('has messages of every role, in their order', () => {
    expect(
      messagesOf({ role: 'system', content: 'a' }, { role: 'developer', content: 'b' }, hello, {
        role: 'assistant',
        content: 'Hi',
      }),
    ).toEqual([
      { role: 'system', content: 'a' },
      { role: 'developer', content: 'b' },
      { role: 'user', content: 'Hello' },
      { role: 'assistant', content: 'Hi' },
    ]);
  });

  it('has the parts of a user, with images', () => {
    const image = { type: 'input_image', image_url: 'https://example.com/a.png', detail: 'low' };
    expect(messagesOf({ role: 'user', content: [{ type: 'input_text', text: 'a' }, image] })).toEqual([
      {
        role: 'user',
        content: [
          { type: 'text', text: 'a' },
          { type: 'image_url', image_url: { url: image.image_url, detail: 'low' } },
        ],
      },
    ]);
    // There is no such detail in chat completions.
    expect(messagesOf({ role: 'user', content: [{ ...image, detail: 'original' }] })).toEqual([
      { role: 'user', content: [{ type: 'image_url', image_url: { url: image.image_url } }] },
    ]);
  });

  it('has the text and the calls of one turn as one message', () => {
    const second = { ...call, call_id: 'call_2' };
    expect(messagesOf(hello, { role: 'assistant', content: 'I add.' }, call, second)).toEqual([
      { role: 'user', content: 'Hello' },
      {
        role: 'assistant',
        content: 'I add.',
        tool_calls: [
          { id: 'call_1', type: 'function', function: { name: 'add', arguments: '{"a":1}' } },
          { id: 'call_2', type: 'function', function: { name: 'add', arguments: '{"a":1}' } },
        ],
      },
    ]);
    expect(messagesOf(hello, call)).toMatchObject([{ role: 'user' }, { role: 'assistant', content: null }]);
  });

  it('has outputs of tools as text or parts', () => {
    const output = (value: unknown): object => ({ type: 'function_call_output', call_id: 'call_1', output: value });
    const text = (part: string): object => ({ type: 'input_text', text: part });
    for (const [value, content] of [
      ['2', '2'],
      [[text('2'), text('3')], '2\n3'],
      [[], ''],
    ] as const)
      expect(messagesOf(call, output(value))).toMatchObject([
        { role: 'assistant' },
        { role: 'tool', tool_call_id: 'call_1', content },
      ]);
  });

  it('shows images of outputs after the outputs of all calls', () => {
    const image = (name: string): object => ({ type: 'input_image', image_url: `data:${name},`, detail: 'low' });
    const output = (id: string, ...parts: object[]): object => ({
      ...{ type: 'function_call_output', call_id: id, output: parts },
    });
    const shown = (name: string): object => ({ type: 'image_url', image_url: { url: `data:${name},`, detail: 'low' } });
    const calls = (...ids: number[]): object[] => ids.map((id) => ({ ...call, call_id: `call_${id}` }));
    const first = output('call_1', image('a'), { type: 'input_text', text: 'one' }, image('b'));
    const second = output('call_2', { type: 'input_text', text: 'two' });
    const third = { ...output('call_3', image('c')), type: 'custom_tool_call_output' };
    expect(
      messagesOf(...calls(1, 2, 3), first, second, third, hello, ...calls(4), output('call_4', image('d'))),
    ).toEqual([
      expect.objectContaining({ role: 'assistant' }),
      { role: 'tool', tool_call_id: 'call_1', content: 'one' },
      { role: 'tool', tool_call_id: 'call_2', content: 'two' },
      { role: 'tool', tool_call_id: 'call_3', content: '' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Images that the tool returned for the call call_1:' },
          shown('a'),
          shown('b'),
          { type: 'text', text: 'Images that the tool returned for the call call_3:' },
          shown('c'),
        ],
      },
      { role: 'user', content: 'Hello' },
      expect.objectContaining({ role: 'assistant' }),
      { role: 'tool', tool_call_id: 'call_4', content: '' },
      {
        role: 'user',
        content: [{ type: 'text', text: 'Images that the tool returned for the call call_4:' }, shown('d')],
      },
    ]);
  });

  it('has the input of a custom tool as the argument of a function', () => {
    expect(
      messagesOf(
        { type: 'custom_tool_call', call_id: 'call_1', name: 'sql', input: 'SELECT "a"' },
        { type: 'custom_tool_call_output', call_id: 'call_1', output: 'a' },
      ),
    ).toEqual([
      {
        role: 'assistant',
        content: null,
        tool_calls: [
          { id: 'call_1', type: 'function', function: { name: 'sql', arguments: '{"input":"SELECT \\"a\\""}' } },
        ],
      },
      { role: 'tool', tool_call_id: 'call_1', content: 'a' },
    ]);
  });

  const output = { type: 'function_call_output', call_id: 'call_1', output: '2' };

  it('rejects the output of a call that the request and what it continues from do not have', () => {
    for (const items of [[output], [output, call], [{ ...call, call_id: 'call_2' }, output]])
      expect(errorOf(hello, ...items)).toMatchObject({
        code: 'item.call_not_found',
        param: items[0] === output ? 'input[1].call_id' : 'input[2].call_id',
      });
  });

  it('shows the output of a call that is not part of the context any more as a message', () => {
    const shown = [{ role: 'user', content: outputMessage('2') }];
    expect(chatMessagesOf([{ item: parsed(output), param: 'previous_response_id' }])).toEqual(shown);
    const summary = { item: { type: 'compaction', encrypted_content: 'x' } as const, param: 'input[0]', summary: 's' };
    const [, ...rest] = chatMessagesOf([summary, { item: parsed(output), param: 'input[1]' }]);
    expect(rest).toEqual(shown);
  });

  it('has the reasoning since the last message of the user, for calls of tools that go on with it', () => {
    const thinks = (text: string): object => ({
      ...{ type: 'reasoning', summary: [{ type: 'summary_text', text: 'short' }] },
      content: [{ type: 'reasoning_text', text }],
    });
    const second = { ...call, call_id: 'call_2' };
    const said = { role: 'assistant', content: 'I add.' };
    expect(messagesOf(thinks('old'), said, hello, thinks('a'), said, call, output, thinks('b'), second)).toMatchObject([
      { role: 'assistant', content: 'I add.' },
      { role: 'user' },
      { role: 'assistant', content: 'I add.', reasoning_content: 'a', tool_calls: [{ id: 'call_1' }] },
      { role: 'tool' },
      { role: 'assistant', reasoning_content: 'b', tool_calls: [{ id: 'call_2' }] },
    ]);
    expect(messagesOf(thinks('old'), said, hello)[0]).not.toHaveProperty('reasoning_content');
    // A summary is not what the model has written.
    const summarized = { type: 'reasoning', summary: [{ type: 'summary_text', text: 'short' }] };
    expect(messagesOf(hello, summarized, call)[1]).not.toHaveProperty('reasoning_content');
  });

  it('leaves out reasoning before a message of the user', () => {
    const reasoning = { type: 'reasoning', summary: [], content: [{ type: 'reasoning_text', text: 'secret' }] };
    expect(messagesOf(reasoning, hello)).toEqual([{ role: 'user', content: 'Hello' }]);
  });

  it.each([
    [{ role: 'user', content: [{ type: 'input_file', file_id: 'file-1' }] }, 'input[1].content[0]'],
    [{ role: 'developer', content: [{ type: 'input_image', image_url: 'data:,' }] }, 'input[1].content[0]'],
    [
      {
        ...{ type: 'function_call_output', call_id: 'a' },
        output: [
          { type: 'input_text', text: 'a' },
          { type: 'input_file', file_id: 'file-1' },
        ],
      },
      'input[1].output[1]',
    ],
  ])('rejects %j, and names it', (item, param) => {
    expect(errorOf(hello, item)).toMatchObject({ code: 'request.unsupported_parameter', param });
  });

  it('reads or rejects every kind of item', () => {
    for (const sample of samples) {
      const error = errorOf(sample);
      if (error !== undefined)
        expect(error).toMatchObject({
          code: expect.stringMatching(/^(request.unsupported_parameter|item.call_not_found)$/) as unknown,
        });
    }
  });
});
