import { readFileSync } from 'node:fs';
import type { z } from 'zod';
import { responseStreamEvent } from './events.ts';
import {
  inputTokenCount,
  responseCompaction,
  responseDeleted,
  responseItemList,
  responseObject,
  responseStatus,
} from './response.ts';

const read = (path: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../../../e2e/fixtures/${path}`, import.meta.url), 'utf8')) as unknown;

type Sample = Readonly<Record<string, unknown>>;

/** They are also validated against the documents of OpenAI and Open Responses, in e2e/response-shapes.e2e.ts. */
const samples = read('responses.json') as Readonly<
  Record<'responses' | 'events' | 'input_items' | 'input_tokens' | 'compactions' | 'deletions', Sample[]>
>;

const schemas = {
  responses: responseObject,
  events: responseStreamEvent,
  input_items: responseItemList,
  input_tokens: inputTokenCount,
  compactions: responseCompaction,
  deletions: responseDeleted,
} as const satisfies Readonly<Record<keyof typeof samples, z.ZodType>>;

const each = (Object.keys(schemas) as (keyof typeof samples)[]).flatMap((kind) =>
  samples[kind].map((sample, at) => ({ kind, at, sample, schema: schemas[kind] as z.ZodType })),
);

/** Fields that may be missing. */
const OPTIONAL: ReadonlySet<string> = new Set([
  'prompt_cache_options',
  'user',
  'x_queue',
  'x_adjusted_reasoning_effort',
  'obfuscation',
  'retry_after',
  'retry_strategy',
]);
const isOptional = (field: string, { type }: Sample): boolean =>
  OPTIONAL.has(field) || (type === 'response.reasoning_summary_part.done' && field === 'status');

describe.each(each)('$kind: sample $at', ({ sample, schema }) => {
  it('has all fields, and no others', () => {
    expect(schema.parse(sample)).toEqual(sample);
  });

  it('is not valid without one of its fields', () => {
    const removable = Object.keys(sample).filter((field) => {
      const { [field]: _removed, ...others } = sample;
      return schema.safeParse(others).success;
    });
    expect(removable.filter((field) => !isOptional(field, sample))).toEqual([]);
  });
});

describe('the response', () => {
  const [, , inProgress = {}, completed = {}] = samples.responses;

  it('has a sample of each status', () => {
    const statuses = samples.responses.map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set(responseStatus.options));
  });

  const usage = completed['usage'] as Sample;

  it.each([
    ['another status', { status: 'cancelling' }],
    ['a reason that is not in the specification', { incomplete_details: { reason: 'length' } }],
    ['a code of an error that is not in the specification', { error: { code: 'engine_error', message: 'x' } }],
    ['usage without cached tokens', { usage: { ...usage, input_tokens_details: { cache_write_tokens: 0 } } }],
    ['usage without written tokens', { usage: { ...usage, input_tokens_details: { cached_tokens: 0 } } }],
    ['usage without reasoning tokens', { usage: { ...usage, output_tokens_details: {} } }],
    ['an item without an id', { output: [{ type: 'message', role: 'assistant', content: [] }] }],
    ['an item of an unknown type', { output: [{ id: 'x_1', type: 'poem' }] }],
    ['a fractional time', { created_at: 1.5 }],
    ['no format of its text', { text: { verbosity: 'low' } }],
    ['no verbosity of its text', { text: { format: { type: 'text' } } }],
    ['no effort of its reasoning', { reasoning: { summary: null } }],
    ['no tier', { service_tier: null }],
    ['null instead of no user', { user: null }],
    ['a conversation as a text', { conversation: 'conv_1' }],
  ])('does not have %s', (_, fields) => {
    expect(responseObject.safeParse({ ...inProgress, ...fields }).success).toBe(false);
  });
});

describe('the events of a stream', () => {
  const types = responseStreamEvent.options.map(({ shape }) => shape.type.value);

  it('have a sample of each type', () => {
    expect(new Set(samples.events.map(({ type }) => type))).toEqual(new Set(types));
  });

  /** Events of tools that the platform does not run, and of audio. */
  const NOT_SENT = /^response\.(audio|code_interpreter|file_search|shell|web_search|image_generation|mcp)_?/;

  it('are those of the OpenAI document', () => {
    const { schemas: documented } = (read('openai-openapi.json') as Document).components;
    const all = (documented['ResponseStreamEvent']?.anyOf ?? []).map(({ $ref }) => {
      const { properties } = documented[$ref.slice('#/components/schemas/'.length)] ?? {};
      return properties?.type?.enum?.[0];
    });
    expect(all.length).toBeGreaterThan(50);
    expect(all.filter((type) => !NOT_SENT.test(type ?? '')).sort()).toEqual(types.toSorted());
  });

  const [delta = {}] = samples.events.filter(({ type }) => type === 'response.output_text.delta');
  const [added = {}] = samples.events.filter(({ type }) => type === 'response.content_part.added');

  it.each([
    ['another type', { ...delta, type: 'response.output_text.epsilon' }],
    ['a negative number', { ...delta, sequence_number: -1 }],
    ['a fractional number', { ...delta, sequence_number: 0.5 }],
    ['log probabilities without bytes', { ...delta, logprobs: [{ token: 'a', logprob: 0, top_logprobs: [] }] }],
    ['a part without annotations', { ...added, part: { type: 'output_text', text: '', logprobs: [] } }],
    ['a part without log probabilities', { ...added, part: { type: 'output_text', text: '', annotations: [] } }],
    ['a part of an input', { ...added, part: { type: 'input_text', text: '' } }],
  ])('do not have %s', (_, event) => {
    expect(responseStreamEvent.safeParse(event).success).toBe(false);
  });
});

interface Document {
  readonly components: {
    readonly schemas: Readonly<
      Record<
        string,
        {
          readonly anyOf?: readonly { readonly $ref: string }[];
          readonly properties?: { readonly type?: { readonly enum?: readonly string[] } };
        }
      >
    >;
  };
}
