/** All tests rely on the validator, so it is itself tested with valid and invalid objects. */
import { OpenaiSchema } from './support/openai-schema.ts';
import type { SchemaName } from './support/openai-schema.ts';
import { recordedChats } from './support/recorded-exchanges.ts';
import type { RecordedExchange } from './support/recorded-exchanges.ts';

const schema = new OpenaiSchema();

const schemaOf = ({ stream }: RecordedExchange): SchemaName =>
  stream ? 'CreateChatCompletionStreamResponse' : 'CreateChatCompletionResponse';

const response = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1_700_000_000,
  model: 'm',
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: 'Hello', refusal: null, annotations: [] },
      logprobs: null,
      finish_reason: 'stop',
    },
  ],
  usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2, prompt_tokens_details: { cached_tokens: 0 } },
};

const chunk = {
  id: 'chatcmpl-1',
  object: 'chat.completion.chunk',
  created: 1_700_000_000,
  model: 'm',
  choices: [{ index: 0, delta: { role: 'assistant', content: '' }, logprobs: null, finish_reason: null }],
};

/** Returns a copy with one value changed; `undefined` removes it. */
function changed(value: object, path: readonly (string | number)[], to: unknown): unknown {
  const copy = structuredClone(value) as Record<string | number, never>;
  const parent = path.slice(0, -1).reduce<Record<string | number, never>>((at, part) => at[part]!, copy);
  const last = path.at(-1) as string;
  if (to === undefined) delete parent[last];
  else parent[last] = to as never;
  return copy;
}

describe('lenient validation', () => {
  it('accepts what the OpenAI API sends', () => {
    const rejected = recordedChats.flatMap((exchange) =>
      exchange.response.flatMap((body) => schema.check(schemaOf(exchange), body).lenient),
    );
    expect(rejected).toEqual([]);
  });

  it('rejects what the OpenAI API sends without a required field', () => {
    for (const exchange of recordedChats) {
      for (const body of exchange.response) {
        for (const field of ['id', 'object', 'created', 'model', 'choices']) {
          expect(schema.check(schemaOf(exchange), changed(body, [field], undefined)).lenient).not.toEqual([]);
        }
      }
    }
  });

  it('accepts null for an optional property, which the literal document rejects', () => {
    const { lenient, strict } = schema.check('CreateChatCompletionResponse', { ...response, system_fingerprint: null });
    expect(lenient).toEqual([]);
    expect(strict).toEqual(['CreateChatCompletionResponse /system_fingerprint']);
  });

  it.each<[string, SchemaName, unknown]>([
    ['null for a required property', 'CreateChatCompletionResponse', { ...response, model: null }],
    ['another object type', 'CreateChatCompletionResponse', { ...response, object: 'chat.completion.chunk' }],
    ['a fractional time', 'CreateChatCompletionResponse', { ...response, created: 1.5 }],
    [
      'a message without `refusal`',
      'CreateChatCompletionResponse',
      changed(response, ['choices', 0, 'message', 'refusal'], undefined),
    ],
    ['another role', 'CreateChatCompletionResponse', changed(response, ['choices', 0, 'message', 'role'], 'user')],
    [
      'another finish reason',
      'CreateChatCompletionResponse',
      changed(response, ['choices', 0, 'finish_reason'], 'eos'),
    ],
    ['usage without a total', 'CreateChatCompletionResponse', changed(response, ['usage', 'total_tokens'], undefined)],
    [
      'a count as a string',
      'CreateChatCompletionResponse',
      changed(response, ['usage', 'prompt_tokens_details', 'cached_tokens'], '0'),
    ],
    [
      'log probabilities without `refusal`',
      'CreateChatCompletionResponse',
      changed(response, ['choices', 0, 'logprobs'], { content: [] }),
    ],
    [
      'a chunk without a delta',
      'CreateChatCompletionStreamResponse',
      changed(chunk, ['choices', 0, 'delta'], undefined),
    ],
    [
      'a chunk without a finish reason',
      'CreateChatCompletionStreamResponse',
      changed(chunk, ['choices', 0, 'finish_reason'], undefined),
    ],
    ['a completion in place of a chunk', 'CreateChatCompletionStreamResponse', response],
    ['a service tier that is not a string', 'CreateChatCompletionResponse', { ...response, service_tier: 1 }],
    ['an error without param', 'ErrorResponse', { error: { message: 'no', type: 'x', code: null } }],
    ['an error without the envelope', 'ErrorResponse', { message: 'no', type: 'x', code: null, param: null }],
    ['a model without an owner', 'Model', { id: 'm', object: 'model', created: 1 }],
    [
      'an array of models without the envelope',
      'ListModelsResponse',
      [{ id: 'm', object: 'model', created: 1, owned_by: 'o' }],
    ],
    ['a string in place of an object', 'CreateChatCompletionResponse', 'Hello'],
  ])('rejects %s', (_, name, value) => {
    expect(schema.check(name, value).lenient).not.toEqual([]);
  });

  it.each<[SchemaName, unknown]>([
    ['CreateChatCompletionResponse', response],
    ['CreateChatCompletionStreamResponse', chunk],
    ['ErrorResponse', { error: { message: 'no', type: 'x', code: null, param: null, retry_after: 1 } }],
    ['ListModelsResponse', { object: 'list', data: [{ id: 'm', object: 'model', created: 1, owned_by: 'o' }] }],
  ])('accepts a complete %s, as does strict validation', (name, value) => {
    expect(schema.check(name, value)).toEqual({ lenient: [], strict: [] });
  });

  it('accepts the service tiers of the platform, which the literal document rejects', () => {
    const tiered = { ...response, service_tier: 'gpu_nvidia_shared' };
    expect(schema.check('CreateChatCompletionResponse', tiered)).toEqual({
      lenient: [],
      strict: ['CreateChatCompletionResponse /service_tier'],
    });
  });
});

describe('expectValid', () => {
  it('throws with the path and the reason', () => {
    const fresh = new OpenaiSchema();
    expect(() => fresh.expectValid('Model', { id: 'm', object: 'model', created: 'now', owned_by: 'o' })).toThrow(
      'Model /created: must be integer',
    );
  });

  it('records what strict validation rejects, without failing', () => {
    const fresh = new OpenaiSchema();
    fresh.expectValid('CreateChatCompletionResponse', { ...response, system_fingerprint: null });
    fresh.expectValid('CreateChatCompletionResponse', { ...response, system_fingerprint: null });
    expect(fresh.strictFindings).toEqual(['CreateChatCompletionResponse /system_fingerprint']);
  });
});
