/** The Responses API with clients for Python. Each script of `../python` exercises one library; its results are checked here. */
import { bundledPlatform, scriptedPlatform, together } from '@xerotier/dev';
import { FRANCE, FROM_THE_RESULT, HANNA_AS_A_PERSON } from '../support/bundled-model-requests.ts';
import { preparePython } from '../support/python.ts';
import type { Python } from '../support/python.ts';
import { scriptOf } from '../support/python-script.ts';
import { testPlatform } from '../support/test-platform.ts';

const newest = await preparePython('requirements.txt');
const older = await preparePython('requirements-llama-index.txt');
const missing = newest.missing ?? older.missing;
const withPython = missing === undefined ? it : it.skip; // reason: a machine may have no Python, or no way to PyPI
const reason = missing === undefined ? '' : ` [skipped: ${missing}]`;

const SLOW = 'slow';
const { endpoints, ...scripted } = scriptedPlatform({ slots: 2 });
const test = testPlatform(() =>
  together(bundledPlatform(), { ...scripted, endpoints: endpoints.map((endpoint) => ({ ...endpoint, slug: SLOW })) }),
);

const script = (python: Python, name: string): ReturnType<typeof scriptOf> =>
  scriptOf(test, python, name, () => ({
    ...{ XEROTIER_PROJECT_URL: test.description.projectUrl, XEROTIER_SLOW_MODEL: SLOW },
  }));

const PARIS = expect.stringContaining('Paris');

describe.each([
  ['3', newest],
  ['2', older],
])(`openai %s, with strict validation${reason}`, (_, python) => {
  const resultOf = script(python, 'responses_openai.py');

  withPython('creates, retrieves and deletes', async () => {
    const { value } = await resultOf('life');
    expect(value).toEqual({
      ...{ status: 'completed', text: PARIS, same: true, input: [FRANCE], code: 'response_not_found' },
    });
  });

  withPython('continues from another response', async () => {
    const { value } = await resultOf('chain');
    expect(value[1]).toBeGreaterThan(value[0]);
    expect(value[2]).toBe(true);
  });

  withPython('polls what runs in the background', async () => {
    const { value } = await resultOf('background');
    expect(value).toEqual({ statuses: ['queued', 'completed'], text: PARIS, cancelled: 'completed' });
  });

  withPython('streams, and takes up streams again', async () => {
    const { value } = await resultOf('resume');
    expect(value.numbers).toEqual(value.numbers.map((_: number, at: number) => at));
    expect([value.ending, value.text]).toEqual(['response.completed', PARIS]);
    const { value: texts } = await resultOf('streamed');
    expect(texts).toEqual([PARIS, texts[0]]);
  });

  withPython('parses objects', async () => {
    expect((await resultOf('parsed')).value).toEqual(HANNA_AS_A_PERSON);
  });

  withPython('calls tools, and uses their results', async () => {
    const { value, measured, sent } = await resultOf('tools');
    expect(value).toEqual({
      types: ['response.function_call_arguments.delta', 'response.function_call_arguments.done'],
      text: expect.stringMatching(FROM_THE_RESULT),
    });
    expect(measured).toEqual(['Lisbon']);
    expect(sent).toMatchObject(Array(2).fill({ tools: [{ name: 'get_weather', strict: true }] }));
  });

  withPython('cancels what runs', async () => {
    expect((await resultOf('cancelled')).value).toEqual(['in_progress', ...Array<string>(3).fill('cancelled')]);
  });

  withPython('keeps conversations', async () => {
    expect((await resultOf('conversation')).value).toEqual({
      ...{ of_response: true, roles: ['user', 'user', 'assistant'], same: true },
      ...{ newest: ['Bye', PARIS, FRANCE], metadata: { topic: 'other' }, deleted: [true, 'conversation_not_found'] },
    });
  });

  withPython('counts and compacts contexts', async () => {
    expect((await resultOf('counted')).value).toBe(true);
    expect((await resultOf('compacted')).value).toEqual({ types: ['message', 'compaction'], text: PARIS });
  });
});

describe(`openai, asynchronously${reason}`, () => {
  const resultOf = script(newest, 'responses_async_openai.py');

  withPython('creates several at once', async () => {
    expect((await resultOf('concurrent')).value).toEqual(Array(6).fill(PARIS));
  });

  withPython('streams, and takes up streams again', async () => {
    const { value: texts } = await resultOf('streamed');
    expect(texts).toEqual([PARIS, texts[0]]);
    const { value } = await resultOf('resumed');
    expect(value.numbers).toEqual(value.numbers.map((_: number, at: number) => at + 1));
    expect(value.ending).toBe('response.completed');
  });

  withPython('parses objects', async () => {
    expect((await resultOf('parsed')).value).toEqual(HANNA_AS_A_PERSON);
  });

  withPython('cancels what runs, and ends what is not read on', async () => {
    expect((await resultOf('cancelled')).value).toEqual(['in_progress', 'cancelled']);
    expect((await resultOf('left')).value).toBe('cancelled');
  });
});

describe(`langchain-openai${reason}`, () => {
  const resultOf = script(newest, 'responses_langchain.py');
  const WITH_RESULT = expect.stringMatching(FROM_THE_RESULT);
  const output = { type: 'function_call_output' };

  withPython('invokes', async () => {
    const { value } = await resultOf('invoke');
    expect(value).toMatchObject({ text: PARIS, metadata: { status: 'completed', model_name: 'xero-tiny' } });
    expect(value.metadata.id).toMatch(/^resp_/);
  });

  withPython('streams, and reports the usage at the end', async () => {
    const [{ value: whole }, { value, sent }] = [await resultOf('invoke'), await resultOf('stream')];
    expect(value.pieces.join('')).toBe(whole.text);
    expect(value.usage).toMatchObject([{ output_tokens: whole.usage.output_tokens }]);
    expect(sent).toMatchObject([{ stream: true, input: [{ role: 'user' }] }]);
  });

  withPython('calls tools, and uses their results', async () => {
    const { value, measured, sent } = await resultOf('tools');
    expect([value, measured]).toEqual([[WITH_RESULT, PARIS], ['Lisbon']]);
    expect(sent[1]).toMatchObject({ input: [{ role: 'user' }, { type: 'function_call' }, output] });
  });

  withPython('sends what is new with `use_previous_response_id`', async () => {
    const { value, sent } = await resultOf('tools_of_chain');
    expect(value).toEqual([WITH_RESULT, PARIS]);
    const id = expect.stringMatching(/^resp_/);
    expect(sent.slice(1)).toMatchObject([
      { previous_response_id: id, input: [output] },
      { previous_response_id: id, input: [{ role: 'user' }] },
    ]);
  });

  withPython('sends everything where nothing is stored', async () => {
    const { value, sent } = await resultOf('tools_unstored');
    expect(value).toEqual([WITH_RESULT, PARIS]);
    expect(sent).toMatchObject(Array(3).fill({ store: false, include: ['reasoning.encrypted_content'] }));
    expect(sent[2]?.['input']).toHaveLength(5);
  });

  withPython('continues from the response that it is given', async () => {
    const { value } = await resultOf('given_id');
    expect(value[1]).toBeGreaterThan(value[0]);
  });

  withPython('returns objects', async () => {
    const { value, sent } = await resultOf('structured');
    expect(value).toEqual(HANNA_AS_A_PERSON);
    expect(sent).toMatchObject([{ text: { format: { type: 'json_schema' } } }]);
    expect((await resultOf('structured_by_function')).value).toEqual(HANNA_AS_A_PERSON);
  });

  withPython('shows reasoning, and sends it back', async () => {
    const { value, sent } = await resultOf('reasoning');
    expect(value).toEqual({ types: ['reasoning', 'text'], text: expect.stringContaining('55'), after: PARIS });
    expect(sent[1]).toMatchObject({ input: [{ role: 'user' }, { type: 'reasoning' }, { type: 'message' }, {}] });
  });
});
