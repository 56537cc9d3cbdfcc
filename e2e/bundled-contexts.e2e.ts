/** Contexts of responses on the bundled model: what its engine counts, and its compactions. */
import { bundledPlatform } from '@xerotier/dev';
import OpenAI from 'openai';
import { testPlatform } from './support/test-platform.ts';

const test = testPlatform(() => bundledPlatform());

type Fields = Readonly<Record<string, unknown>>;

const client = (): OpenAI =>
  new OpenAI({ baseURL: test.api.endpointUrl, apiKey: test.description.apiKey, maxRetries: 0 });

const MODEL = 'xero-tiny';
const tools = [
  {
    ...{ type: 'function', name: 'get_weather', description: 'Get the current weather in a city', strict: false },
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
];
const call = { type: 'function_call', call_id: 'call_1', name: 'get_weather', arguments: '{"city":"Rome"}' };
const output = { type: 'function_call_output', call_id: 'call_1', output: '{"celsius":21}' };
const user = (content: string): Fields => ({ type: 'message', role: 'user', content });

function create(fields: Fields): Promise<OpenAI.Responses.Response> {
  const body = { model: MODEL, temperature: 0, max_output_tokens: 64, ...fields };
  return client().responses.create(body as OpenAI.Responses.ResponseCreateParamsNonStreaming);
}

async function count(fields: Fields): Promise<number> {
  return (await client().responses.inputTokens.count({ model: MODEL, ...fields })).input_tokens;
}

describe('input tokens of the bundled model', () => {
  it.each<[string, Fields]>([
    ['a text', { input: 'What is the capital of France?' }],
    ['instructions', { input: 'What is the capital of France?', instructions: 'Reply in one word.' }],
    ['tools', { input: 'What is the weather in Rome?', tools }],
    ['tools that may not be called', { input: 'What is the weather in Rome?', tools, tool_choice: 'none' }],
    ['a history with calls', { input: [user('What is the weather in Rome?'), call, output], tools }],
    ['reasoning', { input: 'What is 17 + 25?', reasoning: { effort: 'high' } }],
  ])('with %s are those of the response', async (_what, fields) => {
    const counted = await count(fields);
    expect((await create(fields)).usage?.input_tokens).toBe(counted);
  });

  it('are those of the documentation', async () => {
    expect(await count({ input: 'Hello there' })).toBe(10);
  });

  it('include the turns before', async () => {
    const first = await create({ input: 'What is the weather in Rome?', tools });
    const next = { input: 'And in Paris?', previous_response_id: first.id, tools };
    const counted = await count(next);
    expect(counted).toBeGreaterThan(await count({ input: 'And in Paris?', tools }));
    expect((await create(next)).usage?.input_tokens).toBe(counted);
  });
});

describe('compaction by the bundled model', () => {
  it('is shown to it instead of the context', async () => {
    const turns = Array.from({ length: 12 }, (_, at) => [
      user(`My note number ${at} is that the meeting in Rome is on Monday at ${at} o'clock.`),
      { type: 'message', role: 'assistant', content: 'I will remember it.' },
    ]).flat();
    const compaction = await client().responses.compact({
      model: MODEL,
      input: turns as unknown as OpenAI.Responses.ResponseInput,
    });
    test.schema.expectValid('CompactResource', compaction);
    expect(compaction.output.map(({ type }) => type)).toEqual([...Array<string>(12).fill('message'), 'compaction']);
    expect(compaction.usage.output_tokens).toBeGreaterThan(0);
    const next = user('What is the capital of France?');
    const counted = await count({ input: [...compaction.output, next] });
    // What the model wrote, its frame, and the next message: without the notes themselves.
    expect(counted).toBe(await count({ input: [compaction.output.at(-1), next] }));
    const response = await create({ input: [...compaction.output, next] });
    expect([response.status, response.usage?.input_tokens]).toEqual(['completed', counted]);
    const continued = await create({ input: 'And of Spain?', previous_response_id: response.id });
    expect(continued.usage?.input_tokens).toBe(
      await count({ input: 'And of Spain?', previous_response_id: response.id }),
    );
  });
});
