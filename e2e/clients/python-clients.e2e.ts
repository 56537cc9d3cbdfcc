/** Third-party libraries for Python. Each script of `../python` exercises one library; its results are checked here. */
import { bundledPlatform } from '@xerotier/dev';
import { FRANCE, FROM_THE_RESULT, HANNA, HANNA_AS_A_PERSON } from '../support/bundled-model-requests.ts';
import { preparePython } from '../support/python.ts';
import type { Python } from '../support/python.ts';
import { scriptOf } from '../support/python-script.ts';
import type { Value } from '../support/python-script.ts';
import { testPlatform } from '../support/test-platform.ts';

const newest = await preparePython('requirements.txt');
const llamaIndex = await preparePython('requirements-llama-index.txt');
const missing = newest.missing ?? llamaIndex.missing;
const withPython = missing === undefined ? it : it.skip; // reason: a machine may have no Python, or no way to PyPI
const reason = missing === undefined ? '' : ` [skipped: ${missing}]`;

const test = testPlatform(() => bundledPlatform());

const script = (python: Python, name: string): ReturnType<typeof scriptOf> => scriptOf(test, python, name);

describe.each([
  ['3', newest],
  ['2', llamaIndex],
])(`openai %s for Python, with strict validation${reason}`, (_, python) => {
  const resultOf = script(python, 'chat_openai.py');

  withPython('deviates from its types only in the name of the service tier', async () => {
    const { value } = await resultOf('deviations');
    expect(value).toEqual([[['service_tier']], [['service_tier']]]);
  });

  withPython('chats', async () => {
    const { value } = await resultOf('chat');
    expect(value.choices[0]).toMatchObject({ finish_reason: 'stop', message: { role: 'assistant' } });
    expect(value.choices[0].message.content).toContain('Paris');
  });

  withPython('streams, and reports the usage at the end', async () => {
    const [{ value: whole }, { value: chunks }] = [await resultOf('chat'), await resultOf('stream')];
    const last = chunks.pop();
    expect(chunks.map(({ choices }: Value) => choices[0].delta.content ?? '').join('')).toBe(
      whole.choices[0].message.content,
    );
    expect(chunks.length).toBeGreaterThan(3);
    expect(last).toMatchObject({ choices: [], usage: { completion_tokens: whole.usage.completion_tokens } });
  });

  withPython('calls tools, and uses their results', async () => {
    const { value, measured, sent } = await resultOf('tools');
    expect([value.finish, measured]).toEqual([['tool_calls', 'stop'], ['Lisbon']]);
    expect(value.content).toMatch(FROM_THE_RESULT);
    expect(sent).toMatchObject(Array(2).fill({ tools: [{ function: { name: 'get_weather', strict: true } }] }));
  });

  withPython('streams tool calls without content', async () => {
    const { value } = await resultOf('streamed_tools');
    expect(value.types).toEqual(['chunk', 'tool_calls.function.arguments.delta', 'tool_calls.function.arguments.done']);
    expect([JSON.parse(value.arguments), value.content]).toEqual([{ city: 'Lisbon' }, null]);
  });

  withPython('parses structured output into a pydantic model', async () => {
    const { value, sent } = await resultOf('structured');
    expect(value).toEqual(HANNA_AS_A_PERSON);
    // Its fields have limits.
    expect(sent).toMatchObject([
      { response_format: { json_schema: { strict: true, schema: { properties: { age: { maximum: 150 } } } } } },
    ]);
  });

  withPython('lists models', async () => {
    expect((await resultOf('models')).value).toMatchObject([{ id: 'xero-tiny', object: 'model' }]);
  });
});

describe(`langchain-openai${reason}`, () => {
  const resultOf = script(newest, 'chat_langchain.py');

  withPython('chats', async () => {
    const { value } = await resultOf('chat');
    expect(value.content).toContain('Paris');
    expect(value.metadata).toMatchObject({ finish_reason: 'stop', model_name: 'xero-tiny' });
  });

  withPython('streams, and reports the usage at the end', async () => {
    const [{ value: whole }, { value, sent }] = [await resultOf('chat'), await resultOf('stream')];
    expect(value.pieces.join('')).toBe(whole.content);
    expect(value.usage).toMatchObject([{ output_tokens: whole.usage.output_tokens }]);
    expect(sent).toMatchObject([{ stream: true, stream_options: { include_usage: true } }]);
  });

  withPython('calls tools, and uses their results', async () => {
    const { value, measured, sent } = await resultOf('tools');
    expect(value.calls).toMatchObject([{ name: 'get_weather', args: { city: 'Lisbon' } }]);
    expect([measured, value.content]).toEqual([['Lisbon'], expect.stringMatching(FROM_THE_RESULT)]);
    expect(sent).toMatchObject(Array(2).fill({ parallel_tool_calls: false, tools: [{ function: { strict: true } }] }));
  });

  withPython('returns objects', async () => {
    const { value, sent } = await resultOf('structured');
    expect(value).toEqual(HANNA_AS_A_PERSON);
    expect(sent).toMatchObject([{ messages: [{ content: HANNA }], response_format: { type: 'json_schema' } }]);
  });
});

describe(`llama-index-llms-openai${reason}`, () => {
  const resultOf = script(llamaIndex, 'chat_llama_index.py');

  withPython('completes with the model of the endpoint, whatever model name the library requires', async () => {
    const { value, sent } = await resultOf('chat');
    expect([value.text, value.model]).toEqual([expect.stringContaining('Paris'), 'xero-tiny']);
    expect(sent).toMatchObject([{ model: 'gpt-4o-mini', messages: [{ role: 'user', content: FRANCE }] }]);
  });

  withPython('streams, and reports the usage at the end', async () => {
    const [{ value: whole }, { value }] = [await resultOf('chat'), await resultOf('stream')];
    expect(value.pieces.join('')).toBe(whole.text);
    expect(value.usage.completion_tokens).toBeGreaterThan(3);
  });

  withPython('calls tools, and uses their results', async () => {
    const { value, measured } = await resultOf('tools');
    expect([measured, value]).toEqual([['Lisbon'], expect.stringMatching(FROM_THE_RESULT)]);
  });

  withPython('runs an agent with a tool to its final output', async () => {
    const { value, measured } = await resultOf('agent');
    expect([measured, value]).toEqual([['Lisbon'], expect.stringMatching(FROM_THE_RESULT)]);
  });

  withPython('returns objects', async () => {
    const { value, sent } = await resultOf('structured');
    expect(value).toEqual(HANNA_AS_A_PERSON);
    expect(sent).toMatchObject([{ response_format: { type: 'json_schema', json_schema: { strict: true } } }]);
  });
});
