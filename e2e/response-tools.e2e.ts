/** What a model is asked for a response, and what becomes of its output: tools, structured output, reasoning, log probabilities. */
import type OpenAI from 'openai';
import { callOf, replyOf } from './support/model-replies.ts';
import { ResponsesClient } from './support/responses-client.ts';
import type { StreamedResponse } from './support/responses-client.ts';
import { ScriptedUpstream } from './support/scripted-upstream.ts';
import { testPlatform } from './support/test-platform.ts';

type Created = OpenAI.Responses.Response;
type Json = Readonly<Record<string, unknown>>;

const upstream = new ScriptedUpstream();
const test = testPlatform(async () => {
  await upstream.start();
  return upstream.plan();
});
afterAll(() => upstream.stop());

let client: ResponsesClient;
beforeEach(() => {
  client = new ResponsesClient(test.description, test.schema);
  upstream.reply = undefined;
  upstream.takeRequests();
});

/** The next completions of the upstream have these deltas. */
function reply(...deltas: Parameters<typeof replyOf>): void {
  upstream.reply = replyOf(...deltas);
}

/** What the upstream was asked last. */
function asked(): Json & { readonly messages: readonly Json[] } {
  return upstream.takeRequests().at(-1)?.body as Json & { messages: Json[] };
}

const typesOf = ({ events }: StreamedResponse): string[] => events.map(({ type }) => type);
const itemsOf = ({ output }: Created): Json[] => output as unknown as Json[];

const parameters = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
};
const weather = { type: 'function', name: 'weather', description: 'The weather.', parameters, strict: true } as const;
const shell = { type: 'custom', name: 'shell', description: 'Runs a command.' } as const;

describe('a function call', () => {
  it('is an item, whose output is given back by its call id', async () => {
    reply(callOf('weather', ['{"city":', '"Paris"}']), 'tool_calls');
    const first = await client.create({ input: 'Weather?', tools: [weather], tool_choice: 'auto' });
    expect(first).toMatchObject({ status: 'completed', tools: [weather], tool_choice: 'auto' });
    const call = { type: 'function_call', call_id: 'call_0', name: 'weather', arguments: '{"city":"Paris"}' };
    expect(itemsOf(first)).toMatchObject([{ ...call, id: expect.stringMatching(/^fc_/), status: 'completed' }]);
    const { type: _type, ...definition } = weather;
    expect(asked()['tools']).toEqual([{ type: 'function', function: definition }]);
    const outputs = ['21 degrees', [{ type: 'input_text', text: '21 degrees' }]];
    for (const output of outputs) {
      upstream.reply = undefined;
      const input = [{ type: 'function_call_output', call_id: 'call_0', output }];
      const second = await client.create({ input: input as never, previous_response_id: first.id, tools: [weather] });
      expect(second.output_text).toBe('Hello');
      const toolCall = { id: 'call_0', type: 'function', function: { name: 'weather', arguments: '{"city":"Paris"}' } };
      expect(asked().messages).toMatchObject([
        { role: 'user', content: 'Weather?' },
        { role: 'assistant', tool_calls: [toolCall] },
        { role: 'tool', tool_call_id: 'call_0', content: '21 degrees' },
      ]);
    }
  });

  it('is not limited by max_tool_calls, which counts those that the platform runs', async () => {
    reply([...callOf('weather', ['{}']), ...callOf('weather', ['{}'], 1)], 'tool_calls');
    const response = await client.create({ input: 'Weather?', tools: [weather], max_tool_calls: 1 });
    expect(itemsOf(response)).toMatchObject([{ type: 'function_call' }, { type: 'function_call' }]);
    expect(response.max_tool_calls).toBe(1);
    expect(asked()).not.toHaveProperty('max_tool_calls');
  });

  it('is streamed, also several after a text', async () => {
    reply(
      [{ content: 'Let me see.' }, ...callOf('weather', ['{"city"', ':"Paris"}']), ...callOf('weather', ['{}'], 1)],
      'tool_calls',
    );
    const streamed = await client.stream({ input: 'Weather?', tools: [weather], parallel_tool_calls: true });
    const call = [
      'response.output_item.added',
      ...['response.function_call_arguments.delta', 'response.function_call_arguments.done'],
      'response.output_item.done',
    ];
    expect([...new Set(typesOf(streamed).slice(8, -1))]).toEqual(call);
    expect(typesOf(streamed).filter((type) => type === 'response.output_item.done')).toHaveLength(3);
    expect(itemsOf(streamed.response)).toMatchObject([
      { type: 'message', content: [{ text: 'Let me see.' }] },
      { type: 'function_call', call_id: 'call_0', arguments: '{"city":"Paris"}' },
      { type: 'function_call', call_id: 'call_1', arguments: '{}' },
    ]);
  });

  it.each<[unknown, unknown]>([
    ['none', 'none'],
    ['required', 'required'],
    [
      { type: 'function', name: 'weather' },
      { type: 'function', function: { name: 'weather' } },
    ],
    [
      { type: 'custom', name: 'shell' },
      { type: 'function', function: { name: 'shell' } },
    ],
  ])('is chosen by tool_choice %j', async (choice, forwarded) => {
    const response = await client.create({ input: 'x', tools: [weather, shell], tool_choice: choice as never });
    expect(response.tool_choice).toEqual(choice);
    expect(asked()['tool_choice']).toEqual(forwarded);
  });

  it('cannot be chosen of a tool that is not there', async () => {
    const choice = { type: 'function', name: 'other' } as const;
    await expect(client.create({ input: 'x', tools: [weather], tool_choice: choice })).rejects.toMatchObject({
      ...{ status: 400, param: 'tool_choice' },
    });
  });
});

it.each([false, true])(
  'an output of a call that was not made is rejected, in the background: %j',
  async (background) => {
    const first = await client.create({ input: 'Weather?' });
    const input = [{ type: 'function_call_output', call_id: 'call_none', output: '21 degrees' }];
    const request = { input: input as never, background, previous_response_id: first.id };
    await expect(client.create(request)).rejects.toMatchObject({
      ...{ status: 400, code: 'invalid_request', param: 'input[0].call_id' },
      message: "400 No tool call found for the output with the call_id 'call_none'.",
    });
    await expect(client.open(request)).rejects.toMatchObject({ status: 400 });
  },
);

describe('a call of a custom tool', () => {
  it('has a text, and its output is given back', async () => {
    reply(callOf('shell', ['{"input":', '"ls -l"}']), 'tool_calls');
    const streamed = await client.stream({ input: 'Files?', tools: [shell] });
    expect(typesOf(streamed)).toEqual(
      expect.arrayContaining(['response.custom_tool_call_input.delta', 'response.custom_tool_call_input.done']),
    );
    const deltas = streamed.events.flatMap((event) =>
      event.type === 'response.custom_tool_call_input.delta' ? [event.delta] : [],
    );
    expect(deltas.join('')).toBe('ls -l');
    const call = { type: 'custom_tool_call', call_id: 'call_0', name: 'shell', input: 'ls -l' };
    expect(itemsOf(streamed.response)).toMatchObject([call]);
    upstream.reply = undefined;
    upstream.takeRequests();
    await client.create({
      ...{ previous_response_id: streamed.response.id, tools: [shell] },
      input: [{ type: 'custom_tool_call_output', call_id: 'call_0', output: 'a.txt' }],
    });
    expect(asked().messages).toMatchObject([
      { role: 'user' },
      { role: 'assistant', tool_calls: [{ function: { name: 'shell', arguments: '{"input":"ls -l"}' } }] },
      { role: 'tool', tool_call_id: 'call_0', content: 'a.txt' },
    ]);
  });
});

describe('tools of a namespace', () => {
  const tools = [{ type: 'namespace', name: 'mail', description: 'Mail.', tools: [weather, shell] }] as never;

  it('are offered by the name of both, and calls have them apart', async () => {
    reply(callOf('mail__weather', ['{"city":"Paris"}']), 'tool_calls');
    const first = await client.create({ input: 'Weather?', tools, tool_choice: 'required' });
    expect(asked()).toMatchObject({
      tools: [{ function: { name: 'mail__weather' } }, { function: { name: 'mail__shell' } }],
      tool_choice: 'required',
    });
    expect(itemsOf(first)).toMatchObject([{ type: 'function_call', name: 'weather', namespace: 'mail' }]);
    upstream.reply = undefined;
    const output = { type: 'function_call_output', call_id: 'call_0', output: '21 degrees' };
    await client.create({ input: [output] as never, previous_response_id: first.id, tools });
    expect(asked().messages[1]).toMatchObject({ tool_calls: [{ function: { name: 'mail__weather' } }] });
  });

  it('need a list of tools', async () => {
    const without = [{ type: 'namespace', name: 'x' }] as never;
    await expect(client.openai.responses.create({ model: 'chat', input: 'x', tools: without })).rejects.toMatchObject({
      status: 400,
      param: 'tools[0].tools',
    });
  });
});

describe('tools of other kinds', () => {
  it('are repeated in the response, but the model does not learn of them', async () => {
    const server = { type: 'mcp', server_label: 'docs', server_url: 'https://example.com/mcp' };
    const tools = [{ type: 'web_search' }, server];
    const sent = tools.map((tool) => (tool === server ? { ...tool, authorization: 'secret-token' } : tool));
    const response = await client.create({ input: 'x', tools: sent as never });
    // Without the credentials.
    expect(response.tools).toEqual(tools);
    expect(asked()).not.toHaveProperty('tools');
    // One that no document has.
    const unknown = [{ type: 'teleporter', name: 'x' }] as never;
    const { tools: repeated } = await client.openai.responses.create({ model: 'chat', input: 'x', tools: unknown });
    expect(repeated).toEqual(unknown);
  });
});

describe('the request of the model', () => {
  it('has the instructions before the context, and roles as they are', async () => {
    const first = await client.create({ input: 'One', instructions: 'Be brief.' });
    expect(asked().messages).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'One' },
    ]);
    const input = [
      { role: 'developer', content: 'In French.' },
      { role: 'user', content: [{ type: 'input_text', text: 'Two' }] },
    ] as const;
    await client.create({ input: input as never, previous_response_id: first.id });
    expect(asked().messages).toEqual([
      { role: 'user', content: 'One' },
      { role: 'assistant', content: 'Hello' },
      { role: 'developer', content: 'In French.' },
      { role: 'user', content: 'Two' },
    ]);
  });

  it('has the items of the conversation', async () => {
    const items = [{ role: 'user', content: 'Earlier' }] as const;
    const { id } = await client.openai.conversations.create({ items: [...items] });
    await client.create({ input: 'Now', conversation: id });
    await client.create({ input: 'Later', conversation: { id } });
    expect(asked().messages.map(({ content }) => content)).toEqual(['Earlier', 'Now', 'Hello', 'Later']);
  });

  it('has the schema of the text', async () => {
    reply([{ content: '{"city":' }, { content: '"Paris"}' }]);
    const format = { type: 'json_schema', name: 'place', schema: parameters, strict: true } as const;
    const response = await client.create({ input: 'Where?', text: { format } });
    expect(JSON.parse(response.output_text)).toEqual({ city: 'Paris' });
    expect(response.text).toMatchObject({ format });
    const { type, ...rest } = format;
    expect(asked()['response_format']).toEqual({ type, json_schema: rest });
  });

  it('has the parameters of sampling', async () => {
    await client.create({ input: 'x', temperature: 0.5, top_p: 0.9, max_output_tokens: 77 });
    expect(asked()).toMatchObject({ temperature: 0.5, top_p: 0.9, max_completion_tokens: 77 });
  });
});

describe('log probabilities', () => {
  const content = [{ token: 'Hi', logprob: -0.25, bytes: [72, 105], top_logprobs: [] }];

  it('are in the output if they were included', async () => {
    reply([{ content: 'Hi' }], 'stop', { content, refusal: null });
    const include = ['message.output_text.logprobs'] as const;
    const streamed = await client.stream({ input: 'x', include: [...include], top_logprobs: 2 });
    expect(asked()).toMatchObject({ logprobs: true, top_logprobs: 2 });
    expect(itemsOf(streamed.response)).toMatchObject([{ content: [{ text: 'Hi', logprobs: content }] }]);
    const { id } = streamed.response;
    expect(itemsOf(await client.retrieve(id, { include: [...include] }))).toEqual(itemsOf(streamed.response));
    expect(itemsOf(await client.retrieve(id))).toMatchObject([{ content: [{ text: 'Hi', logprobs: [] }] }]);
  });

  it.each([
    ['without include', { top_logprobs: 2 }],
    ['when nothing asks for them, and they come all the same', {}],
  ])('are nowhere %s', async (_, fields) => {
    reply([{ content: 'Hi' }], 'stop', { content, refusal: null });
    const streamed = await client.stream({ input: 'x', ...fields });
    expect(asked()).not.toHaveProperty('logprobs');
    expect(JSON.stringify(streamed.events)).not.toContain('-0.25');
    const deltas = streamed.events.filter(({ type }) => type === 'response.output_text.delta');
    expect(deltas).toMatchObject([{ logprobs: [] }]);
    expect(itemsOf(await client.create({ input: 'x', ...fields }))).toMatchObject([{ content: [{ logprobs: [] }] }]);
  });

  it('have no more alternatives than requested', async () => {
    const alternatives = ['a', 'b', 'c'].map((token) => ({ token, logprob: -1, bytes: [1] }));
    reply([{ content: 'Hi' }], 'stop', { content: [{ ...content[0], top_logprobs: alternatives }], refusal: null });
    const include = ['message.output_text.logprobs'] as const;
    const { output } = await client.create({ input: 'x', include: [...include], top_logprobs: 2 });
    expect(output).toMatchObject([{ content: [{ logprobs: [{ top_logprobs: alternatives.slice(0, 2) }] }] }]);
  });

  it('are not asked for otherwise', async () => {
    const response = await client.create({ input: 'x' });
    expect(asked()).not.toHaveProperty('logprobs');
    expect(response).toMatchObject({ top_logprobs: 0, output: [{ content: [{ logprobs: [] }] }] });
  });
});

describe('reasoning', () => {
  const deltas = [{ reasoning_content: 'Well' }, { reasoning_content: ', Paris.' }, { content: 'Paris' }];

  it('is an item before the message, and not shown to the model again', async () => {
    reply(deltas);
    const streamed = await client.stream({ input: 'Where?' });
    expect(typesOf(streamed)).toEqual(
      expect.arrayContaining(['response.reasoning_text.delta', 'response.reasoning_text.done']),
    );
    expect(itemsOf(streamed.response)).toMatchObject([
      { type: 'reasoning', summary: [], content: [{ type: 'reasoning_text', text: 'Well, Paris.' }] },
      { type: 'message', content: [{ text: 'Paris' }] },
    ]);
    upstream.takeRequests();
    await client.create({ input: 'Sure?', previous_response_id: streamed.response.id });
    expect(asked().messages.map(({ content }) => content)).toEqual(['Where?', 'Paris', 'Sure?']);
  });

  it('is counted in the usage, streamed and not', async () => {
    reply(deltas);
    const { response: streamed } = await client.stream({ input: 'Where?' });
    const { reasoning_tokens: tokens = 0 } = streamed.usage?.output_tokens_details ?? {};
    expect(tokens).toBeGreaterThan(0);
    expect(tokens).toBeLessThan(streamed.usage?.output_tokens ?? 0);
    expect((await client.retrieve(streamed.id)).usage).toEqual(streamed.usage);
    upstream.reply = undefined;
    expect((await client.create({ input: 'Where?' })).usage?.output_tokens_details.reasoning_tokens).toBe(0);
  });

  it('is its summary if one was asked for', async () => {
    reply(deltas);
    const streamed = await client.stream({ input: 'Where?', reasoning: { summary: 'auto' } });
    expect(typesOf(streamed)).toEqual(
      expect.arrayContaining(['response.reasoning_summary_part.added', 'response.reasoning_summary_text.done']),
    );
    expect(itemsOf(streamed.response)[0]).toMatchObject({
      ...{ type: 'reasoning', summary: [{ type: 'summary_text', text: 'Well, Paris.' }] },
    });
  });
});

it('a model that does not comply says so in a part of the message', async () => {
  reply([{ refusal: 'I will' }, { refusal: ' not.' }]);
  const streamed = await client.stream({ input: 'x' });
  expect(typesOf(streamed)).toEqual(expect.arrayContaining(['response.refusal.delta', 'response.refusal.done']));
  expect(itemsOf(streamed.response)).toMatchObject([{ content: [{ type: 'refusal', refusal: 'I will not.' }] }]);
});

it('a content filter makes a response incomplete', async () => {
  reply([{ content: 'Well' }], 'content_filter');
  expect(await client.create({ input: 'x' })).toMatchObject({
    ...{ status: 'incomplete', incomplete_details: { reason: 'content_filter' } },
  });
});
