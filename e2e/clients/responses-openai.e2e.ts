/** The Responses API with the official SDK for Node, whose helpers the other suites do not use. */
import { bundledPlatform, scriptedPlatform, together } from '@xerotier/dev';
import { eventually } from '@xerotier/testing';
import OpenAI from 'openai';
import { zodResponsesFunction, zodTextFormat } from 'openai/helpers/zod';
import {
  FRANCE,
  FROM_THE_RESULT,
  HANNA,
  HANNA_AS_A_PERSON,
  LISBON,
  person,
  WEATHER_TOOL,
  weatherStation,
} from '../support/bundled-model-requests.ts';
import { scriptedText } from '../support/responses-client.ts';
import { testPlatform } from '../support/test-platform.ts';

type Input = OpenAI.Responses.ResponseInput;

const { endpoints, ...scripted } = scriptedPlatform({ slots: 2 });
const test = testPlatform(() =>
  together(bundledPlatform(), { ...scripted, endpoints: endpoints.map((endpoint) => ({ ...endpoint, slug: 'slow' })) }),
);

const MODEL = { model: 'xero-tiny', temperature: 0 } as const;
const ENDLESS = { model: 'slow', input: scriptedText({ tokens: 100_000, delayMs: 20 }) };
const PARIS = expect.stringContaining('Paris');
const weather = zodResponsesFunction(WEATHER_TOOL);

let client: OpenAI;
beforeEach(() => {
  client = new OpenAI({ baseURL: test.description.projectUrl, apiKey: test.description.apiKey, maxRetries: 0 });
});

async function ended(id: string): Promise<OpenAI.Responses.Response> {
  return eventually('the response ends', async () => {
    const response = await client.responses.retrieve(id);
    return response.status === 'queued' || response.status === 'in_progress' ? undefined : response;
  });
}

describe('create', () => {
  it('returns a response that the endpoint keeps', async () => {
    const { data, request_id: requestId } = await client.responses.create({ ...MODEL, input: FRANCE }).withResponse();
    expect(data).toMatchObject({ model: 'xero-tiny', status: 'completed', output_text: PARIS });
    expect(requestId).toMatch(/^req_/);
    expect((await client.responses.retrieve(data.id)).output_text).toBe(data.output_text);
    expect((await client.responses.inputItems.list(data.id)).data).toMatchObject([{ content: [{ text: FRANCE }] }]);
    await client.responses.delete(data.id);
    await expect(client.responses.retrieve(data.id)).rejects.toBeInstanceOf(OpenAI.NotFoundError);
  });

  it('streams its text', async () => {
    const events = [];
    for await (const event of await client.responses.create({ ...MODEL, input: FRANCE, stream: true }))
      events.push(event);
    const deltas = events.filter((event) => event.type === 'response.output_text.delta').map(({ delta }) => delta);
    expect(deltas.length).toBeGreaterThan(3);
    expect(events.at(-1)).toMatchObject({
      ...{ type: 'response.completed' },
      response: { output: [{ content: [{ text: deltas.join('') }] }], usage: { output_tokens: expect.any(Number) } },
    });
    expect(deltas.join('')).toContain('Paris');
  });

  it('rejects what is invalid with the error class and the field', async () => {
    const invalid = client.responses.create({ ...MODEL, input: FRANCE, max_output_tokens: 1 });
    await expect(invalid).rejects.toBeInstanceOf(OpenAI.BadRequestError);
    await expect(invalid).rejects.toMatchObject({ param: 'max_output_tokens' });
    await expect(client.responses.create({ model: 'none', input: FRANCE })).rejects.toMatchObject({
      ...{ status: 404, code: 'model_not_found' },
    });
  });

  it('stops the engine when it is aborted', async () => {
    const stream = await client.responses.create({ ...ENDLESS, stream: true });
    let id = '';
    for await (const event of stream) {
      if (event.type === 'response.created') id = event.response.id;
      if (event.type === 'response.output_text.delta') stream.controller.abort();
    }
    expect(await ended(id)).toMatchObject({ status: 'cancelled', output: [] });
  });
});

describe('parse', () => {
  it('returns an object of a zod schema', async () => {
    const { output_parsed: parsed } = await client.responses.parse({
      ...MODEL,
      input: HANNA,
      text: { format: zodTextFormat(person, 'person') },
    });
    expect(parsed).toEqual(HANNA_AS_A_PERSON);
  });

  it('returns the parsed arguments of calls, whose outputs continue the response', async () => {
    const station = weatherStation();
    const first = await client.responses.parse({ ...MODEL, input: LISBON, tools: [weather] });
    const outputs: Input = first.output.flatMap((item) =>
      item.type === 'function_call'
        ? {
            type: 'function_call_output',
            call_id: item.call_id,
            output: JSON.stringify(station.measure(item.parsed_arguments as { city: string })),
          }
        : [],
    );
    expect(station.calls).toEqual([{ city: 'Lisbon' }]);
    const second = await client.responses.parse({
      ...{ ...MODEL, tools: [weather], previous_response_id: first.id, input: outputs },
    });
    expect(second.output_text).toMatch(FROM_THE_RESULT);
  });

  it('accepts all output items as input in place of the previous response', async () => {
    const input: Input = [{ role: 'user', content: LISBON }];
    const first = await client.responses.create({ ...MODEL, input, tools: [weather], store: false });
    const [call] = first.output.filter((item) => item.type === 'function_call');
    const output = [{ type: 'input_text' as const, text: '{"city":"Lisbon","condition":"sunny","temperature":23}' }];
    input.push(...(first.output as Input), { type: 'function_call_output', call_id: call?.call_id ?? '', output });
    const second = await client.responses.create({ ...MODEL, input, tools: [weather], store: false });
    expect(second.output_text).toMatch(FROM_THE_RESULT);
  });
});

describe('the helper `stream`', () => {
  it('collects texts, objects and the final response', async () => {
    const stream = client.responses.stream({
      ...{ ...MODEL, input: HANNA, text: { format: zodTextFormat(person, 'person') } },
    });
    const snapshots: string[] = [];
    stream.on('response.output_text.delta', ({ snapshot }) => snapshots.push(snapshot));
    const { output_parsed: parsed, output_text: text, id } = await stream.finalResponse();
    expect(parsed).toEqual(HANNA_AS_A_PERSON);
    expect(snapshots.at(-1)).toBe(text);
    expect((await client.responses.retrieve(id)).output_text).toBe(text);
  });

  it('collects the arguments of calls', async () => {
    const stream = client.responses.stream({ ...MODEL, input: LISBON, tools: [weather] });
    const snapshots: string[] = [];
    stream.on('response.function_call_arguments.delta', ({ snapshot }) => snapshots.push(snapshot));
    const { output } = await stream.finalResponse();
    const [call] = output.filter((item) => item.type === 'function_call');
    expect(call).toMatchObject({ name: 'get_weather', parsed_arguments: { city: 'Lisbon' } });
    expect(snapshots.at(-1)).toBe(call?.arguments);
  });

  it('reads a stored response from any event on', async () => {
    const { id } = await client.responses.stream({ ...MODEL, input: FRANCE }).finalResponse();
    const numbers: number[] = [];
    const stream = client.responses.stream({ response_id: id, starting_after: 3 });
    stream.on('event', ({ sequence_number: number }) => numbers.push(number));
    expect((await stream.finalResponse()).output_text).toContain('Paris');
    expect(numbers).toEqual(numbers.map((_, at) => at + 4));
    expect(numbers.length).toBeGreaterThan(3);
  });

  it('rejects a response that is not stored', async () => {
    const { id } = await client.responses.stream({ ...MODEL, input: FRANCE, store: false }).finalResponse();
    const again = client.responses.stream({ response_id: id });
    await expect(again.finalResponse()).rejects.toMatchObject({ status: 404, code: 'response_not_found' });
  });
});

describe('in the background', () => {
  it('a response is polled until it has ended', async () => {
    const created = await client.responses.create({ ...MODEL, input: FRANCE, background: true });
    expect(created).toMatchObject({ status: 'queued', output: [], output_text: '' });
    expect(await ended(created.id)).toMatchObject({ status: 'completed', output_text: PARIS });
  });

  it('a stream is left, and taken up again after its last event', async () => {
    const stream = await client.responses.create({ ...MODEL, input: FRANCE, background: true, stream: true });
    let [id, last] = ['', -1];
    for await (const event of stream) {
      last = event.sequence_number;
      if (event.type !== 'response.created') continue;
      id = event.response.id;
      break;
    }
    const types: string[] = [];
    const resumed = await client.responses.retrieve(id, { stream: true, starting_after: last });
    for await (const { sequence_number: number, type } of resumed) {
      expect(number).toBe(last + 1);
      last = number;
      types.push(type);
    }
    expect(types.at(-1)).toBe('response.completed');
    expect(types).toContain('response.output_text.delta');
  });

  it('a response is cancelled while it runs, once and again', async () => {
    const { id } = await client.responses.create({ ...ENDLESS, background: true });
    await eventually('it runs', async () => (await client.responses.retrieve(id)).status === 'in_progress');
    for (const cancelled of [await client.responses.cancel(id), await client.responses.cancel(id)])
      expect(cancelled).toMatchObject({ id, status: 'cancelled', output: [] });
    expect((await client.responses.retrieve(id)).status).toBe('cancelled');
  });
});

describe('a conversation', () => {
  it('has the items of its responses, which know what was said before', async () => {
    const { id } = await client.conversations.create({ metadata: { topic: 'weather' } });
    await client.responses.create({ ...MODEL, input: LISBON, tools: [weather], conversation: id });
    const [call] = (await client.conversations.items.list(id)).data;
    const result = '{"city":"Lisbon","condition":"sunny","temperature":23}';
    const { output_text: text, conversation } = await client.responses.create({
      ...{ ...MODEL, tools: [weather], conversation: { id } },
      input: [{ type: 'function_call_output', call_id: (call as { call_id: string }).call_id, output: result }],
    });
    expect([text, conversation]).toEqual([expect.stringMatching(FROM_THE_RESULT), { id }]);
    const items = [];
    for await (const item of client.conversations.items.list(id, { order: 'asc', limit: 1 })) items.push(item);
    expect(items.map(({ type }) => type)).toEqual(['message', 'function_call', 'function_call_output', 'message']);
    expect(await client.conversations.items.retrieve(items[0]?.id ?? '', { conversation_id: id })).toEqual(items[0]);
    expect(await client.conversations.update(id, { metadata: { topic: 'other' } })).toMatchObject({
      ...{ id, metadata: { topic: 'other' } },
    });
    await client.conversations.items.delete(items[3]?.id ?? '', { conversation_id: id });
    await client.conversations.items.create(id, { items: [{ role: 'user', content: FRANCE }] });
    const { data } = await client.conversations.items.list(id);
    expect(data.map(({ type }) => type)).toEqual(['message', 'function_call_output', 'function_call', 'message']);
    await client.conversations.delete(id);
    await expect(client.conversations.retrieve(id)).rejects.toBeInstanceOf(OpenAI.NotFoundError);
  });
});

describe('contexts', () => {
  it('are counted as they are charged', async () => {
    const request = { model: MODEL.model, input: LISBON, tools: [weather] };
    const { input_tokens: counted } = await client.responses.inputTokens.count(request);
    const { usage, id } = await client.responses.create({ ...MODEL, ...request });
    expect(counted).toBe(usage?.input_tokens);
    const next = { model: MODEL.model, input: 'Thank you', previous_response_id: id };
    expect((await client.responses.inputTokens.count(next)).input_tokens ?? 0).toBeGreaterThan(
      (await client.responses.inputTokens.count({ ...next, previous_response_id: null })).input_tokens ?? 0,
    );
  });

  it('are compacted, and continued from what is left', async () => {
    const { id } = await client.responses.create({ ...MODEL, input: FRANCE });
    const { output } = await client.responses.compact({ model: MODEL.model, previous_response_id: id });
    expect(output.map(({ type }) => type)).toEqual(['message', 'compaction']);
    const input = [...(output as Input), { role: 'user' as const, content: FRANCE }];
    expect((await client.responses.create({ ...MODEL, input })).output_text).toContain('Paris');
  });
});
