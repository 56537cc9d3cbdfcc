import { speechRequest, transcriptionRequest } from '@xerotier/public-api/audio';
import { chatCompletionRequest } from '@xerotier/public-api/chat-completions';
import { rerankRequest, scoreRequest } from '@xerotier/public-api/reranking';
import { AppError } from '@xerotier/errors';
import { components } from '@xerotier/public-api/openapi';
import { operations } from '@xerotier/public-api/operations';
import type { z } from 'zod';
import { unionPlaces } from '../../test/union-places.ts';
import { readFields } from './request-fields.ts';

function refusalOf(schema: z.ZodType, value: unknown): AppError | undefined {
  try {
    readFields(schema, value);
    return undefined;
  } catch (error) {
    return AppError.from(error);
  }
}

const user = (content: unknown): object => ({ role: 'user', content });
const fn = { type: 'function', function: { name: 'f' } };

describe('a fault of a chat request', () => {
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
    [{ messages: [user([])] }, 'messages[0].content', 'expected array to have >=1 items'],
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
    [{ stop: 7 }, 'stop', 'expected a string or an array, but got an integer'],
    [{ stop: ['a', 7] }, 'stop[1]', 'expected a string, but got an integer'],
    [{ stop: 'x'.repeat(300) }, 'stop', 'expected string to have <=256 characters'],
    [
      { prediction: { type: 'content', content: [{ type: 'image' }] } },
      'prediction.content[0].type',
      "expected 'text', but got 'image'",
    ],
    [{ logit_bias: { word: 1 } }, 'logit_bias.word', 'must be token ids'],
    [{ reasoning_effort: 'much' }, 'reasoning_effort', "but got 'much'"],
    [
      { reasoning_effort: 'a text that is rather long, and may be of anything' },
      'reasoning_effort',
      'but got a string',
    ],
    [{ stream: 'yes' }, 'stream', "Invalid type for 'stream': expected a boolean, but got a string."],
    [{ n: 1.5 }, 'n', 'expected an integer, but got a number'],
  ])('%j is at %s', (fields, param, words) => {
    const refusal = refusalOf(chatCompletionRequest, { model: 'm', messages: [user('x')], ...fields });
    expect(refusal).toMatchObject({ code: 'request.invalid', param });
    expect(refusal?.message).toContain(words);
  });

  it('is a value where its type is right, and a type where it is not', () => {
    const messageOf = (effort: unknown): string | undefined =>
      refusalOf(chatCompletionRequest, { model: 'm', messages: [user('x')], reasoning_effort: effort })?.message;
    expect(messageOf('much')).toMatch(/^Invalid value for 'reasoning_effort'/);
    expect(messageOf(3)).toMatch(/^Invalid type for 'reasoning_effort'/);
  });
});

describe('a fault where the schema has a text of its own', () => {
  it.each<[z.ZodType, object, string, string]>([
    [rerankRequest, { model: 'm', query: 'q', documents: [7] }, 'documents[0]', 'must be a text that is not empty'],
    [scoreRequest, { model: 'm', text_1: 7, text_2: 'x' }, 'text_1', 'must be a text or a list'],
    [speechRequest, { model: 'm', input: 'x', voice: 7 }, 'voice', 'must be the name of a voice'],
    [transcriptionRequest, { model: 'm', stream: 'yes' }, 'stream', 'must be true or false'],
    [transcriptionRequest, { model: 'm', chunking_strategy: 'x' }, 'chunking_strategy', 'must be auto'],
  ])('keeps it (%#)', (schema, value, param, words) => {
    expect(refusalOf(schema, value)).toMatchObject({ param, message: expect.stringContaining(words) });
  });
});

const schemas = [...new Set(operations.flatMap(({ request }) => request ?? []))];
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

describe('a union of a request', () => {
  it('is found in each of these places, and in others', () => {
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

  it.each(requests)('$body $name says what is wrong with each value that does not fit', ({ schema, name, around }) => {
    const refusals = WRONG.flatMap((value) => refusalOf(schema, around(value)) ?? []);
    expect(refusals).not.toEqual([]);
    for (const { message, param } of refusals) {
      expect(message).not.toMatch(/Invalid (?:input|option|discriminator|key)/);
      expect(message).toMatch(/^(?:Missing required parameter: |Invalid (?:value|type) for )'/);
      // Without this one another field may be missing.
      expect(param?.startsWith(name) === true || message.startsWith('Missing')).toBe(true);
    }
  });
});
