/** Contexts of responses on the bundled model: what its engine counts. */
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

  it('include the turns before', async () => {
    const first = await create({ input: 'What is the weather in Rome?', tools });
    const next = { input: 'And in Paris?', previous_response_id: first.id, tools };
    const counted = await count(next);
    expect(counted).toBeGreaterThan(await count({ input: 'And in Paris?', tools }));
    expect((await create(next)).usage?.input_tokens).toBe(counted);
  });
});
