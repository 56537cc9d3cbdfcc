/** Responses, and the events of their streams, are those of the documents of OpenAI and Open Responses. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { OpenaiSchema, responseDeviations } from './support/openai-schema.ts';
import type { SchemaName } from './support/openai-schema.ts';
import { OpenResponsesSchema } from './support/open-responses-schema.ts';

type Sample = Readonly<Record<string, unknown>>;

/** The schemas of libs/public-api accept exactly these fields: libs/public-api/src/responses/response.spec.ts. */
const samples = JSON.parse(readFileSync(join(import.meta.dirname, 'fixtures/responses.json'), 'utf8')) as Record<
  'responses' | 'events' | 'input_items' | 'input_tokens' | 'compactions',
  Sample[]
>;
const typeOf = (event: Sample): string => event['type'] as string;
const without = (sample: Sample | undefined, field: string): Sample => ({ ...sample, [field]: undefined });

describe('the OpenAI document', () => {
  const schema = new OpenaiSchema();
  const named = (name: SchemaName, values: readonly Sample[]): { name: SchemaName; value: Sample }[] =>
    values.map((value) => ({ name, value }));
  const all = [
    ...named('Response', samples.responses),
    ...samples.events.flatMap((event) => named(schema.eventSchema(typeOf(event)), [event])),
    ...named('ResponseItemList', samples.input_items),
    ...named('TokenCountsResource', samples.input_tokens),
    ...named('CompactResource', samples.compactions),
  ];

  it.each(all)('accepts $name: %#', ({ name, value }) => {
    expect(schema.expectValid(name, value)).toBe(value);
  });

  it('rejects, literally, exactly what is listed with a reason', () => {
    for (const { name, value } of all) schema.expectValid(name, value);
    expect(schema.strictFindings).toEqual(Object.keys(responseDeviations).sort());
  });

  it.each(all)('rejects $name without its required fields: %#', ({ name, value }) => {
    const required = 'type' in value ? 'sequence_number' : 'object';
    const rejected = without(value, name === 'Response' ? 'parallel_tool_calls' : required);
    expect(schema.check(name, JSON.parse(JSON.stringify(rejected))).lenient).not.toEqual([]);
  });

  it('has no schema for an event that it does not have', () => {
    expect(() => schema.eventSchema('response.sent')).toThrow('there is no event response.sent');
  });
});

describe('the Open Responses document', () => {
  const schema = new OpenResponsesSchema();
  /** Events of OpenAI. */
  const beyond = new Set([
    'response.reasoning_text.delta',
    'response.reasoning_text.done',
    'response.custom_tool_call_input.delta',
    'response.custom_tool_call_input.done',
  ]);

  it.each(samples.responses.map((value) => ({ value })))('accepts the response %#', ({ value }) => {
    expect(schema.check('ResponseResource', value)).toEqual([]);
  });

  it.each(samples.compactions.map((value) => ({ value })))('accepts the compaction %#', ({ value }) => {
    expect(schema.check('CompactResource', value)).toEqual([]);
  });

  it.each(samples.events.filter((event) => !beyond.has(typeOf(event))))('accepts $type: %#', (event) => {
    expect(schema.checkEvent(event)).toEqual([]);
  });

  it.each([...beyond])('does not have %s', (type) => {
    const found = samples.events.filter((event) => typeOf(event) === type);
    expect(found.map((event) => schema.checkEvent(event))).toEqual([['/type: is not in the document']]);
  });

  const [response = {}] = samples.responses;
  const message = { id: 'msg_1', type: 'message', status: 'completed', role: 'assistant', content: [] };

  it.each([
    ['usage', without(response, 'usage')],
    ['tools', { ...response, tools: [{ type: 'function', name: 'f' }] }],
    ['output', { ...response, output: [{ ...message, content: undefined }] }],
    ['tool_choice', { ...response, tool_choice: 'some' }],
    ['error', { ...response, error: 'failed' }],
  ])('rejects a response with an invalid %s', (field, value) => {
    const plain = JSON.parse(JSON.stringify(value)) as unknown;
    expect(schema.check('ResponseResource', plain).join()).toContain(field);
  });

  it('rejects an event without its response', () => {
    expect(schema.checkEvent({ type: 'response.created', sequence_number: 0 })).not.toEqual([]);
  });
});
