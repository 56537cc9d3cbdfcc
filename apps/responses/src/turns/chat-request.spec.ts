import { chatCompletionRequest } from '@xerotier/public-api/chat-completions';
import type { ChatCompletionRequest } from '@xerotier/public-api/chat-completions';
import { createResponseRequest } from '@xerotier/public-api/responses';
import { chatRequestOf, contextItems } from './chat-request.ts';

const NOTHING = { origin: { previousId: undefined } as never, history: [], referenced: new Map() };

function chatOf(fields: object, systemPrompt?: string): ChatCompletionRequest {
  const request = createResponseRequest.parse({ model: 'm', input: 'Hello', ...fields });
  const chat = chatRequestOf({ request, systemPrompt, ...contextItems(NOTHING, request.input) });
  // What workers accept.
  return chatCompletionRequest.parse(chat);
}

const add = { type: 'function', name: 'add', parameters: { type: 'object', properties: {} } };
const sql = { type: 'custom', name: 'sql', description: 'Runs a query.' };

describe('chatRequestOf', () => {
  it('has the system prompt of the endpoint before the instructions', () => {
    expect(chatOf({ instructions: 'Be brief.' }, 'Be kind.').messages).toEqual([
      { role: 'system', content: 'Be kind.' },
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Hello' },
    ]);
    expect(chatOf({ instructions: '' }).messages).toEqual([{ role: 'user', content: 'Hello' }]);
  });

  it('has what a model can be told', () => {
    expect(
      chatOf({
        ...{ max_output_tokens: 20, temperature: 0.5, top_p: 0.9, user: 'u', prompt_cache_key: 'k' },
        ...{ presence_penalty: 1, frequency_penalty: -1, reasoning: { effort: 'low' }, metadata: { a: 'b' } },
      }),
    ).toEqual({
      ...{ model: 'm', messages: [{ role: 'user', content: 'Hello' }], stream: false, include_reasoning: true },
      ...{ max_completion_tokens: 20, temperature: 0.5, top_p: 0.9, user: 'u', prompt_cache_key: 'k' },
      ...{ presence_penalty: 1, frequency_penalty: -1, reasoning_effort: 'low' },
    });
  });

  it.each([
    [{ stream: true }, true],
    [{ background: true }, true],
    [{ stream: false, background: false }, false],
  ])('is streamed where a part of the output can be seen: %j', (fields, expected) => {
    expect(chatOf(fields).stream).toBe(expected);
  });

  it.each([
    [{}, {}],
    [{ include: ['message.output_text.logprobs'] }, { logprobs: true, top_logprobs: 0 }],
    [{ top_logprobs: 3 }, {}],
    [
      { top_logprobs: 3, include: ['message.output_text.logprobs'] },
      { logprobs: true, top_logprobs: 3 },
    ],
  ])('requests logprobs for %j', (fields, expected) => {
    const { logprobs, top_logprobs: top } = chatOf(fields);
    expect({ ...(logprobs !== undefined && { logprobs }), ...(top !== undefined && { top_logprobs: top }) }).toEqual(
      expected,
    );
  });

  it('has functions, custom tools and those of namespaces, and no others', () => {
    const namespace = { type: 'namespace', name: 'maths', description: 'Sums.', tools: [add, sql] };
    const { tools } = chatOf({ tools: [add, sql, { type: 'web_search' }, namespace] });
    const functions = [
      { name: 'add', parameters: add.parameters },
      {
        name: 'sql',
        description: 'Runs a query.',
        parameters: expect.objectContaining({ required: ['input'] }) as unknown,
      },
    ];
    expect(tools).toEqual(
      [...functions, ...functions.map((each) => ({ ...each, name: `maths__${each.name}` }))].map((each) => ({
        type: 'function',
        function: each,
      })),
    );
  });

  it.each([
    ['auto', 'auto'],
    ['required', 'required'],
    [
      { type: 'function', name: 'add' },
      { type: 'function', function: { name: 'add' } },
    ],
    [
      { type: 'custom', name: 'sql' },
      { type: 'function', function: { name: 'sql' } },
    ],
    [
      { type: 'allowed_tools', mode: 'required', tools: [{ type: 'function', name: 'add' }, { type: 'web_search' }] },
      {
        type: 'allowed_tools',
        allowed_tools: { mode: 'required', tools: [{ type: 'function', function: { name: 'add' } }] },
      },
    ],
    // Nothing that is allowed is served.
    [{ type: 'allowed_tools', mode: 'auto', tools: [{ type: 'web_search' }] }, 'none'],
    [{ type: 'web_search' }, undefined],
  ])('has the choice %j as %j', (choice, expected) => {
    expect(chatOf({ tools: [add, sql, { type: 'web_search' }], tool_choice: choice }).tool_choice).toEqual(expected);
  });

  it('has no choice without a tool that is served', () => {
    const chat = chatOf({ tools: [{ type: 'web_search' }], tool_choice: 'required', parallel_tool_calls: false });
    expect([chat.tools, chat.tool_choice, chat.parallel_tool_calls]).toEqual([undefined, undefined, undefined]);
  });

  it.each([
    [{ type: 'text' }, undefined],
    [{ type: 'json_object' }, { type: 'json_object' }],
    [
      { type: 'json_schema', name: 'a', schema: { type: 'object' }, strict: true },
      { type: 'json_schema', json_schema: { name: 'a', schema: { type: 'object' }, strict: true } },
    ],
  ])('has the format %j', (format, expected) => {
    expect(chatOf({ text: { format } }).response_format).toEqual(expected);
  });
});

describe('contextItems', () => {
  it('names the field that each item comes from', () => {
    const { input } = createResponseRequest.parse({
      model: 'm',
      input: ['a', 'b', 'c'].map((content) => ({ role: 'user', content })),
    });
    const params = (keptItems?: number): string[] =>
      contextItems(NOTHING, input, keptItems).input.map(({ param }) => param);
    expect(params()).toEqual(['input[0]', 'input[1]', 'input[2]']);
    expect(params(2)).toEqual(['previous_response_id', 'previous_response_id', 'input[0]']);
  });
});
