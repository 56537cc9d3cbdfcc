/**
 * What the public compliance suite of Open Responses checks over HTTP, in our own words: each request is posted as plain JSON, and
 * its response, and its events, are those of the document. Its cases arrive all at once there, and do so here in the last test.
 */
import { bundledPlatform, together } from '@xerotier/dev';
import { createParser } from 'eventsource-parser';
import { FRANCE, FROM_THE_RESULT, LISBON } from './support/bundled-model-requests.ts';
import { OpenResponsesSchema } from './support/open-responses-schema.ts';
import { ScriptedUpstream } from './support/scripted-upstream.ts';
import { testPlatform } from './support/test-platform.ts';

type Json = Readonly<Record<string, unknown>>;
interface Received {
  readonly id: string;
  readonly output: readonly Json[];
}

/** Reads images; the bundled model does not. */
const upstream = new ScriptedUpstream();
const test = testPlatform(async () => {
  await upstream.start();
  const { endpoints, ...sighted } = upstream.plan();
  return together(bundledPlatform(), {
    ...sighted,
    endpoints: endpoints.map((each) => ({ ...each, slug: 'sighted' })),
  });
});
afterAll(() => upstream.stop());

const schema = new OpenResponsesSchema();
const MODEL = 'xero-tiny';

const message = (role: string, content: unknown, fields: Json = {}): Json => ({
  type: 'message',
  role,
  content,
  ...fields,
});
const said = (text: unknown): Json => ({
  type: 'message',
  role: 'assistant',
  content: [{ type: 'output_text', text }],
});

async function post(body: Json, path = '/responses'): Promise<Response> {
  const { projectUrl, apiKey } = test.description;
  return fetch(`${projectUrl}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: MODEL, ...body }),
  });
}

async function create(body: Json): Promise<Received> {
  const response = await post(body);
  const received = (await response.json()) as Received;
  expect([response.status, schema.check('ResponseResource', received)]).toEqual([200, []]);
  return received;
}

/** Returns the events, whose names are their types, and the response of the last one. */
async function stream(body: Json): Promise<{ events: Json[]; response: Received }> {
  const response = await post({ ...body, stream: true });
  expect(response.headers.get('content-type')).toContain('text/event-stream');
  const events: Json[] = [];
  const parser = createParser({
    onEvent: ({ data, event }) => {
      if (data === '[DONE]') return;
      events.push(JSON.parse(data) as Json);
      expect(events.at(-1)).toHaveProperty('type', event);
    },
  });
  parser.feed(await response.text());
  expect(events.flatMap((event) => schema.checkEvent(event))).toEqual([]);
  const last = events.at(-1) as { response: Received };
  expect(schema.check('ResponseResource', last.response)).toEqual([]);
  return { events, response: last.response };
}

const weather = {
  type: 'function',
  name: 'get_weather',
  description: 'Get the current weather in a city',
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
};
const call = { type: 'function_call', name: 'get_weather', status: 'completed', arguments: '{"city": "Lisbon"}' };

/** A message that is a text, or a list of items; temperature 0, since the model is small. */
const asking = (input: unknown, fields: Json = {}): Json => ({ input, temperature: 0, ...fields });

const cases: Readonly<Record<string, () => Promise<void>>> = {
  'a message of the user': async () => {
    const response = await create(asking([message('user', FRANCE)]));
    expect(response).toMatchObject({ status: 'completed', output: [said(expect.stringContaining('Paris'))] });
  },

  'messages of the assistant with a phase': async () => {
    const input = [
      message('user', FRANCE),
      message('assistant', 'I look it up.', { phase: 'commentary' }),
      message('assistant', 'The capital of France is Paris.', { phase: 'final_answer' }),
      message('user', 'Thank you'),
    ];
    const response = await create(asking(input));
    expect(response).toMatchObject({ status: 'completed', output: [{ type: 'message' }] });
    const items = await fetch(`${test.description.projectUrl}/responses/${response.id}/input_items?order=asc`, {
      headers: { authorization: `Bearer ${test.description.apiKey}` },
    });
    expect(await items.json()).toMatchObject({ data: [{}, { phase: 'commentary' }, { phase: 'final_answer' }, {}] });
  },

  'the events of a text': async () => {
    const { events, response } = await stream(asking([message('user', FRANCE)]));
    expect(response).toMatchObject({ status: 'completed' });
    const texts = events.filter(({ type }) => type === 'response.output_text.delta').map(({ delta }) => delta);
    expect(response.output).toMatchObject([said(texts.join(''))]);
    expect(events.map((event) => event['sequence_number'])).toEqual(events.map((_, at) => at));
  },

  'a message of the system': async () => {
    const response = await create(asking([message('system', 'You are a pirate.'), message('user', FRANCE)]));
    expect(response).toMatchObject({
      status: 'completed',
      output: [said(expect.stringMatching(/Arr/))],
    });
  },

  'a call of a function': async () => {
    const response = await create(asking([message('user', LISBON)], { tools: [weather] }));
    expect(response).toMatchObject({ status: 'completed', output: [call] });
  },

  'the events of a call': async () => {
    const { events, response } = await stream(asking([message('user', LISBON)], { tools: [weather] }));
    expect(response).toMatchObject({ status: 'completed', output: [call] });
    const delta = 'response.function_call_arguments.delta';
    expect(
      events
        .filter(({ type }) => type === delta)
        .map((event) => event['delta'])
        .join(''),
    ).toBe(call.arguments);
    expect(events.filter(({ type }) => type !== delta).slice(2, -1)).toMatchObject([
      { type: 'response.output_item.added', item: { type: 'function_call', arguments: '' } },
      { type: 'response.function_call_arguments.done', arguments: call.arguments },
      { type: 'response.output_item.done', item: call },
    ]);
  },

  'the output of a call that had to be made': async () => {
    const choice = { type: 'function', name: 'get_weather' };
    const first = await create(asking(LISBON, { tools: [weather], tool_choice: choice }));
    const { call_id: id } = first.output[0] as { call_id: string };
    const output = { type: 'function_call_output', call_id: id, output: '{"condition":"sunny","temperature":23}' };
    const items = [message('user', LISBON), ...first.output, output];
    const second = await create(asking(items, { tools: [weather] }));
    expect(second).toMatchObject({ status: 'completed', output: [said(expect.stringMatching(FROM_THE_RESULT))] });
  },

  'an image as a URL with its data': async () => {
    const url =
      'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
    const content = [
      { type: 'input_text', text: 'Which colour is this?' },
      { type: 'input_image', image_url: url },
    ];
    const response = await create({ model: 'sighted', input: [message('user', content)] });
    expect(response).toMatchObject({ status: 'completed', output: [said('Hello')] });
    const request = upstream.takeRequests().find(({ text }) => text.includes(url));
    expect(request?.body).toMatchObject({ messages: [{ content: [{ type: 'text' }, { image_url: { url } }] }] });
  },

  'what was said before': async () => {
    const input = [
      message('user', 'My name is Alice.'),
      message('assistant', 'Hello, Alice!'),
      message('user', 'What is my name?'),
    ];
    expect(await create(asking(input))).toMatchObject({
      status: 'completed',
      output: [said(expect.stringContaining('Alice'))],
    });
  },

  'a previous response': async () => {
    const { id } = await create(asking('My name is Alice.'));
    const response = await create(asking('What is my name?', { previous_response_id: id }));
    expect(response).toMatchObject({ previous_response_id: id, output: [said(expect.stringContaining('Alice'))] });
  },

  'a compaction': async () => {
    const input = [message('user', FRANCE), message('assistant', 'The capital of France is Paris.')];
    const response = await post({ input, prompt_cache_key: 'compaction' }, '/responses/compact');
    const compaction = (await response.json()) as Received;
    expect([response.status, schema.check('CompactResource', compaction)]).toEqual([200, []]);
    expect(compaction).toMatchObject({ object: 'response.compaction' });
    expect(compaction.output.at(-1)).toMatchObject({ type: 'compaction', encrypted_content: expect.any(String) });
    const next = await create(asking([...compaction.output, message('user', FRANCE)]));
    expect(next).toMatchObject({ status: 'completed', output: [said(expect.stringContaining('Paris'))] });
  },

  'a compaction without its model': async () => {
    const response = await post({ model: undefined, input: [message('user', 'Hello')] }, '/responses/compact');
    expect([response.status, await response.json()]).toMatchObject([400, { error: { param: 'model' } }]);
  },
};

it.each(Object.entries(cases))('%s', (_, check) => check());

it('the schema has the phase of messages', async () => {
  const response = await create(asking(FRANCE));
  const withPhase = (phase: string): Json => ({ ...response, output: [{ ...response.output[0], phase }] });
  for (const phase of ['commentary', 'final_answer'])
    expect(schema.check('ResponseResource', withPhase(phase))).toEqual([]);
  expect(schema.check('ResponseResource', withPhase('other'))).not.toEqual([]);
});

it('all cases at once', async () => {
  await Promise.all(Object.values(cases).map((check) => check()));
});
