import fc from 'fast-check';
import { z } from 'zod';
import { operations } from '../operations/operations.ts';
import { unionPlaces } from '../../test/union-places.ts';
import { speechRequest } from '../audio/speech-request.ts';
import { transcriptionRequest } from '../audio/transcription-request.ts';
import { chatCompletionRequest } from '../chat-completions/request.ts';
import { components } from '../openapi/components.ts';
import { rerankRequest } from '../reranking/rerank-request.ts';
import { scoreRequest } from '../reranking/score-request.ts';
import type { FieldError } from './field-error.ts';
import { readValue } from './read-value.ts';

function errorOf(schema: z.ZodType, value: unknown): FieldError | undefined {
  const result = readValue(schema, value);
  return result.ok ? undefined : result.error;
}

/** Fragments of zod's default messages and issue codes. */
const ZOD_TERMS =
  /Invalid (?:input|option|discriminator|key|string|number)|ZodError|too_(?:small|big)|invalid_|Too (?:small|big)|[<>]=|\0|undefined/;

const user = (content: unknown): object => ({ role: 'user', content });
const fn = { type: 'function', function: { name: 'f' } };

describe('readValue with a chat completion request', () => {
  it.each<[object, string, string]>([
    [
      { messages: [{ role: 'bot', content: 'x' }] },
      'messages[0].role',
      "expected 'system', 'developer', 'user', 'tool', 'assistant' or 'function', but got 'bot'",
    ],
    [{ messages: [{ content: 'x' }] }, 'messages[0].role', 'Missing required parameter'],
    [{ messages: ['x'] }, 'messages[0]', 'expected an object, but got a string'],
    [{ messages: [user('x'), user(7)] }, 'messages[1].content', 'expected a string or an array, but got an integer'],
    [{ messages: [user(null)] }, 'messages[0].content', 'expected a string or an array, but got null'],
    [{ messages: [{ role: 'user' }] }, 'messages[0].content', 'Missing required parameter'],
    [{ messages: [user([])] }, 'messages[0].content', 'expected at least 1 item, but got 0.'],
    [
      { messages: [user([{ type: 'text', text: 'x' }, { type: 'video' }])] },
      'messages[0].content[1].type',
      "expected 'text', 'image_url', 'input_audio' or 'file', but got 'video'",
    ],
    [{ messages: [user([{ text: 'x' }])] }, 'messages[0].content[0].type', 'Missing required parameter'],
    [{ messages: [user([{ type: 'text' }])] }, 'messages[0].content[0].text', 'Missing required parameter'],
    [
      { messages: [user([{ type: 'image_url', image_url: 'x' }])] },
      'messages[0].content[0].image_url',
      'expected an object, but got a string',
    ],
    [
      { messages: [{ role: 'system', content: [{ type: 'image_url' }] }] },
      'messages[0].content[0].type',
      "expected 'text', but got 'image_url'",
    ],
    [{ tools: [{ type: 'custom' }] }, 'tools[0].type', "expected 'function', but got 'custom'"],
    [{ tools: [{}] }, 'tools[0].type', 'Missing required parameter'],
    [
      { tools: [fn], tool_choice: 'any' },
      'tool_choice',
      "expected 'none', 'auto', 'required' or an object, but got 'any'",
    ],
    [
      { tools: [fn], tool_choice: 7 },
      'tool_choice',
      "expected 'none', 'auto', 'required' or an object, but got an integer",
    ],
    [{ tools: [fn], tool_choice: {} }, 'tool_choice.type', 'Missing required parameter'],
    [
      { tools: [fn], tool_choice: { type: 'tool' } },
      'tool_choice.type',
      "expected 'function' or 'allowed_tools', but got 'tool'",
    ],
    [{ tools: [fn], tool_choice: { type: 'function' } }, 'tool_choice.function', 'Missing required parameter'],
    [
      { tools: [fn], tool_choice: { type: 'allowed_tools', allowed_tools: { mode: 'all', tools: [] } } },
      'tool_choice.allowed_tools.mode',
      "expected 'auto' or 'required', but got 'all'",
    ],
    [
      { response_format: { type: 'xml' } },
      'response_format.type',
      "expected 'text', 'json_object' or 'json_schema', but got 'xml'",
    ],
    [{ response_format: 'json' }, 'response_format', 'expected an object, but got a string'],
    [{ messages: [] }, 'messages', "Invalid value for 'messages': expected at least 1 message, but got 0."],
    [{ temperature: 3 }, 'temperature', 'expected a number of at most 2, but got 3.'],
    [{ n: 0 }, 'n', 'expected a number of at least 1, but got 0.'],
    [{ tools: Array.from({ length: 129 }, () => fn) }, 'tools', 'expected at most 128 tools, but got 129.'],
    [{ stop: 7 }, 'stop', 'expected a string or an array, but got an integer'],
    [{ stop: ['a', 7] }, 'stop[1]', 'expected a string, but got an integer'],
    [{ stop: 'x'.repeat(300) }, 'stop', 'expected at most 256 characters, but got 300.'],
    [
      { prediction: { type: 'content', content: [{ type: 'image' }] } },
      'prediction.content[0].type',
      "expected 'text', but got 'image'",
    ],
    [{ logit_bias: { word: 1 } }, 'logit_bias.word', 'must be a token id'],
    [{ reasoning_effort: 'much' }, 'reasoning_effort', "but got 'much'"],
    [
      { reasoning_effort: 'a text that is rather long, and may be of anything' },
      'reasoning_effort',
      'but got a string',
    ],
    [{ stream: 'yes' }, 'stream', "Invalid type for 'stream': expected a boolean, but got a string."],
    [{ n: 1.5 }, 'n', 'expected an integer, but got a number'],
  ])('reports %j at %s', (fields, param, message) => {
    const error = errorOf(chatCompletionRequest, { model: 'm', messages: [user('x')], ...fields });
    expect(error).toEqual({ param, reason: expect.stringContaining(message) });
  });

  it('distinguishes invalid values from invalid types', () => {
    const messageOf = (effort: unknown): string | undefined =>
      errorOf(chatCompletionRequest, { model: 'm', messages: [user('x')], reasoning_effort: effort })?.reason;
    expect(messageOf('much')).toMatch(/^Invalid value for 'reasoning_effort'/);
    expect(messageOf(3)).toMatch(/^Invalid type for 'reasoning_effort'/);
  });
});

describe('a schema with a custom message', () => {
  it.each<[z.ZodType, object, string, string]>([
    [rerankRequest, { model: 'm', query: 'q', documents: [7] }, 'documents[0]', 'must be a non-empty string'],
    [scoreRequest, { model: 'm', text_1: 7, text_2: 'x' }, 'text_1', 'must be a non-empty string or an array'],
    [speechRequest, { model: 'm', input: 'x', voice: 7 }, 'voice', 'must be the name of a voice'],
    [transcriptionRequest, { model: 'm', stream: 'yes' }, 'stream', 'must be true or false'],
    [transcriptionRequest, { model: 'm', chunking_strategy: 'x' }, 'chunking_strategy', "must be 'auto'"],
  ])('reports it verbatim (%#)', (schema, value, param, message) => {
    expect(errorOf(schema, value)).toEqual({ param, reason: expect.stringContaining(message) });
  });
});

const schemas = [...new Set(operations.flatMap(({ request }) => (request === undefined ? [] : namedBodies(request))))];

/** A body without a name is one of several. */
function namedBodies(request: z.ZodType): z.ZodType[] {
  const isNamed = components.get(request) !== undefined;
  return isNamed || !(request instanceof z.ZodUnion) ? [request] : (request.options as z.ZodType[]);
}

const requests = schemas.flatMap((schema) =>
  unionPlaces(schema).map((place) => ({ body: components.get(schema)?.id, schema, ...place })),
);

const WRONG: readonly unknown[] = [
  7.5,
  true,
  'nope',
  '',
  null,
  {},
  [],
  [7.5],
  [{}],
  [{ type: 7 }],
  { type: 'nope' },
  { type: 7 },
  { role: 'user', content: {} },
  [[]],
];

describe('unions of requests', () => {
  it('include these', () => {
    expect(requests.map(({ body, name }) => `${body} ${name}`)).toEqual(
      expect.arrayContaining([
        'CreateChatCompletionRequest messages[0]',
        'CreateChatCompletionRequest messages[0].content',
        'CreateChatCompletionRequest messages[0].content[0]',
        'CreateChatCompletionRequest tool_choice',
        'CreateChatCompletionRequest response_format',
        'CreateChatCompletionRequest stop',
        'CreateChatCompletionRequest prediction.content',
        'CreateSpeechRequest voice',
        'CreateRerankRequest documents[0]',
        'CreateScoreRequest text_1',
      ]),
    );
  });

  it.each(requests)('report a specific error for each invalid value: $body $name', ({ schema, name, around }) => {
    const errors = WRONG.flatMap((value) => errorOf(schema, around(value)) ?? []);
    expect(errors).not.toEqual([]);
    for (const { reason, param } of errors) {
      expect(reason).not.toMatch(ZOD_TERMS);
      expect(reason).toMatch(/^(?:Missing required parameter: |Unknown parameter: |Invalid (?:value|type) for )'/);
      // Without this field, another one may be reported as missing.
      expect(param.startsWith(name) || /^Missing|: is required unless /.test(reason)).toBe(true);
    }
  });
});

/** Every schema of client input. */
const inputSchemas = [
  ...schemas.map((schema) => ({ name: components.get(schema)?.id as string, schema: schema })),
  ...operations.flatMap(({ operationId, query }) =>
    query === undefined ? [] : [{ name: `the query of ${operationId}`, schema: query }],
  ),
];
const examples = new Map(
  operations.flatMap(({ request, example }) => (request === undefined ? [] : [[request, example]])),
);

function fieldsOf(schema: z.ZodType): string[] {
  if (schema instanceof z.ZodPipe) return fieldsOf(schema.in as z.ZodType);
  if (schema instanceof z.ZodUnion) return (schema.options as z.ZodType[]).flatMap(fieldsOf);
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}

describe('error messages for clients', () => {
  it.each(inputSchemas)('contain no zod terms for arbitrary input: $name', ({ schema }) => {
    const example = examples.get(schema) ?? {};
    const values = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom(...WRONG),
      fc.array(fc.jsonValue()),
      fc.string(),
      fc.double(),
    );
    const changed = fc
      .dictionary(fc.constantFrom(...fieldsOf(schema)), values, { minKeys: 1, maxKeys: 3 })
      .map((fields) => ({ ...example, ...fields }));
    fc.assert(
      fc.property(fc.oneof({ weight: 4, arbitrary: changed }, values), (value) => {
        const reason = errorOf(schema, value)?.reason;
        if (reason === undefined) return;
        expect(reason).toMatch(
          /^(?:Missing required parameter: |Unknown parameter: |Invalid (?:value|type) for )'[^]*\.$/,
        );
        // Names from the input are quoted.
        expect(reason.replace(/'[^']*'/g, '')).not.toMatch(ZOD_TERMS);
      }),
      { numRuns: 300 },
    );
  });

  it.each<[string, z.ZodType, unknown, string]>([
    ['a bound that is not inclusive', z.number().gt(0), 0, 'expected a number of more than 0, but got 0'],
    ['an exact length', z.string().length(2), 'a', 'expected exactly 2 characters, but got 1'],
    ['a step', z.number().multipleOf(5), 7, 'must be a multiple of 5'],
    ['a format', z.string().regex(/^a/), 'b', 'does not have the expected format'],
    ['an unknown field', z.strictObject({}), { a: 1 }, "Unknown parameter: 'field.a'."],
    ['a check without a message', z.string().refine(() => false), 'b', 'does not have the expected format'],
    ['a key', z.record(z.string().max(1), z.string()), { ab: '' }, 'expected at most 1 character, but got 2'],
  ])('describe %s', (_, schema, value, message) => {
    expect(errorOf(z.object({ field: schema }), { field: value })?.reason).toContain(message);
  });
});
