/** Libraries for Python that nobody here wrote. Each script of `../python` does all that is asked of its library, and is judged here. */
import { boxPlatform } from '@xerotier/dev';
import { join } from 'node:path';
import { FRANCE, FROM_THE_RESULT, HANNA, HANNA_AS_A_PERSON } from '../support/box-requests.ts';
import { runProgram } from '../support/program.ts';
import { preparePython, pythonFolder } from '../support/python.ts';
import type { Python } from '../support/python.ts';
import { testPlatform } from '../support/test-platform.ts';

const newest = await preparePython('requirements.txt');
const llamaIndex = await preparePython('requirements-llama-index.txt');
const missing = newest.missing ?? llamaIndex.missing;
const withPython = missing === undefined ? it : it.skip; // reason: a machine may have no Python, or no way to PyPI
const reason = missing === undefined ? '' : ` [skipped: ${missing}]`;

const test = testPlatform(() => boxPlatform());

/* eslint-disable-next-line @typescript-eslint/no-explicit-any -- each library has objects of its own */
type Value = any;

interface Ability {
  readonly value: Value;
  readonly error?: string;
  readonly sent: readonly Record<string, unknown>[];
  /** The cities that the tool was asked about. */
  readonly measured: readonly string[];
}

/** Runs a script, once, whichever of its abilities is asked for first. */
function script(python: Python, name: string): (ability: string) => Promise<Ability> {
  let running: Promise<Record<string, Ability>> | undefined;
  return async (name_) => {
    running ??= run(python, name);
    const ability = (await running)[name_];
    if (ability === undefined || ability.error !== undefined) throw new Error(`${name} ${name_}: ${ability?.error}`);
    return ability;
  };
}

async function run(python: Python, name: string): Promise<Record<string, Ability>> {
  const { code, stdout, stderr } = await runProgram(python.missing ?? python.path, [join(pythonFolder, name)], {
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      PYTHONDONTWRITEBYTECODE: '1',
      XEROTIER_BASE_URL: test.api.endpointUrl,
      XEROTIER_API_KEY: test.description.apiKey,
      XEROTIER_MODEL: test.description.model,
    },
  });
  process.stderr.write(stderr);
  if (code !== 0) throw new Error(`${name} ended with ${code}: ${stderr}`);
  return JSON.parse(stdout) as Record<string, Ability>;
}

describe.each([
  ['3', newest],
  ['2', llamaIndex],
])(`openai %s for Python, with strict validation${reason}`, (_, python) => {
  const can = script(python, 'chat_openai.py');

  withPython('finds nothing but the name of the tier that its types do not know', async () => {
    const { value } = await can('deviations');
    expect(value).toEqual([[['service_tier']], [['service_tier']]]);
  });

  withPython('chats', async () => {
    const { value } = await can('chat');
    expect(value.choices[0]).toMatchObject({ finish_reason: 'stop', message: { role: 'assistant' } });
    expect(value.choices[0].message.content).toContain('Paris');
  });

  withPython('streams, and knows at the end what was used', async () => {
    const [{ value: whole }, { value: chunks }] = [await can('chat'), await can('stream')];
    const last = chunks.pop();
    expect(chunks.map(({ choices }: Value) => choices[0].delta.content ?? '').join('')).toBe(
      whole.choices[0].message.content,
    );
    expect(chunks.length).toBeGreaterThan(3);
    expect(last).toMatchObject({ choices: [], usage: { completion_tokens: whole.usage.completion_tokens } });
  });

  withPython('calls tools, and answers with their results', async () => {
    const { value, measured, sent } = await can('tools');
    expect([value.finish, measured]).toEqual([['tool_calls', 'stop'], ['Lisbon']]);
    expect(value.content).toMatch(FROM_THE_RESULT);
    expect(sent).toMatchObject(Array(2).fill({ tools: [{ function: { name: 'get_weather', strict: true } }] }));
  });

  withPython('sees calls as they are streamed, and no text beside them', async () => {
    const { value } = await can('streamed_tools');
    expect(value.types).toEqual(['chunk', 'tool_calls.function.arguments.delta', 'tool_calls.function.arguments.done']);
    expect([JSON.parse(value.arguments), value.content]).toEqual([{ city: 'Lisbon' }, null]);
  });

  withPython('parses an answer into a model of pydantic', async () => {
    const { value, sent } = await can('structured');
    expect(value).toEqual(HANNA_AS_A_PERSON);
    // Its fields have bounds.
    expect(sent).toMatchObject([
      { response_format: { json_schema: { strict: true, schema: { properties: { age: { maximum: 150 } } } } } },
    ]);
  });

  withPython('lists models', async () => {
    expect((await can('models')).value).toMatchObject([{ id: 'xero-tiny', object: 'model' }]);
  });
});

describe(`langchain-openai${reason}`, () => {
  const can = script(newest, 'chat_langchain.py');

  withPython('chats', async () => {
    const { value } = await can('chat');
    expect(value.content).toContain('Paris');
    expect(value.about).toMatchObject({ finish_reason: 'stop', model_name: 'xero-tiny' });
  });

  withPython('streams, and knows at the end what was used', async () => {
    const [{ value: whole }, { value, sent }] = [await can('chat'), await can('stream')];
    expect(value.pieces.join('')).toBe(whole.content);
    expect(value.usage).toMatchObject([{ output_tokens: whole.usage.output_tokens }]);
    expect(sent).toMatchObject([{ stream: true, stream_options: { include_usage: true } }]);
  });

  withPython('calls tools, and answers with their results', async () => {
    const { value, measured, sent } = await can('tools');
    expect(value.calls).toMatchObject([{ name: 'get_weather', args: { city: 'Lisbon' } }]);
    expect([measured, value.content]).toEqual([['Lisbon'], expect.stringMatching(FROM_THE_RESULT)]);
    expect(sent).toMatchObject(Array(2).fill({ parallel_tool_calls: false, tools: [{ function: { strict: true } }] }));
  });

  withPython('gives objects', async () => {
    const { value, sent } = await can('structured');
    expect(value).toEqual(HANNA_AS_A_PERSON);
    expect(sent).toMatchObject([{ messages: [{ content: HANNA }], response_format: { type: 'json_schema' } }]);
  });
});

describe(`llama-index-llms-openai${reason}`, () => {
  const can = script(llamaIndex, 'chat_llama_index.py');

  withPython("completes, by the model of the endpoint, whatever model's name it has to use", async () => {
    const { value, sent } = await can('chat');
    expect([value.text, value.model]).toEqual([expect.stringContaining('Paris'), 'xero-tiny']);
    expect(sent).toMatchObject([{ model: 'gpt-4o-mini', messages: [{ role: 'user', content: FRANCE }] }]);
  });

  withPython('streams, and knows at the end what was used', async () => {
    const [{ value: whole }, { value }] = [await can('chat'), await can('stream')];
    expect(value.pieces.join('')).toBe(whole.text);
    expect(value.usage.completion_tokens).toBeGreaterThan(3);
  });

  withPython('calls tools, and answers with their results', async () => {
    const { value, measured } = await can('tools');
    expect([measured, value]).toEqual([['Lisbon'], expect.stringMatching(FROM_THE_RESULT)]);
  });

  withPython('runs an agent with a tool to its last answer', async () => {
    const { value, measured } = await can('agent');
    expect([measured, value]).toEqual([['Lisbon'], expect.stringMatching(FROM_THE_RESULT)]);
  });

  withPython('gives objects', async () => {
    const { value, sent } = await can('structured');
    expect(value).toEqual(HANNA_AS_A_PERSON);
    expect(sent).toMatchObject([{ response_format: { type: 'json_schema', json_schema: { strict: true } } }]);
  });
});
