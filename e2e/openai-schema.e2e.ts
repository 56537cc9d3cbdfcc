/** The validator is a test's eye: what it lets through nobody looks at again, so it is tested both ways itself. */
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

/** A copy with one place changed; `undefined` removes it. */
function changed(value: object, path: readonly (string | number)[], to: unknown): unknown {
  const copy = structuredClone(value) as Record<string | number, never>;
  const parent = path.slice(0, -1).reduce<Record<string | number, never>>((at, part) => at[part]!, copy);
  const last = path.at(-1) as string;
  if (to === undefined) delete parent[last];
  else parent[last] = to as never;
  return copy;
}

describe('the lenient reading of the OpenAI document', () => {
  it('takes what the real API sends', () => {
    const rejected = recordedChats.flatMap((exchange) =>
      exchange.response.flatMap((body) => schema.check(schemaOf(exchange), body).lenient),
    );
    expect(rejected).toEqual([]);
  });

  it('refuses what the real API sends once a required field is gone from it', () => {
    for (const exchange of recordedChats) {
      for (const body of exchange.response) {
        for (const field of ['id', 'object', 'created', 'model', 'choices']) {
          expect(schema.check(schemaOf(exchange), changed(body, [field], undefined)).lenient).not.toEqual([]);
        }
      }
    }
  });

  it('takes null for an optional property, which the document as written refuses', () => {
    const { lenient, strict } = schema.check('CreateChatCompletionResponse', { ...response, system_fingerprint: null });
    expect(lenient).toEqual([]);
    expect(strict).toEqual(['CreateChatCompletionResponse /system_fingerprint']);
  });

  it.each<[string, SchemaName, unknown]>([
    ['null for a required property', 'CreateChatCompletionResponse', { ...response, model: null }],
    ['another object kind', 'CreateChatCompletionResponse', { ...response, object: 'chat.completion.chunk' }],
    ['a time with a fraction', 'CreateChatCompletionResponse', { ...response, created: 1.5 }],
    [
      'a message without refusal',
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
      'a count as text',
      'CreateChatCompletionResponse',
      changed(response, ['usage', 'prompt_tokens_details', 'cached_tokens'], '0'),
    ],
    [
      'log probabilities without refusal',
      'CreateChatCompletionResponse',
      changed(response, ['choices', 0, 'logprobs'], { content: [] }),
    ],
    [
      'a chunk without a delta',
      'CreateChatCompletionStreamResponse',
      changed(chunk, ['choices', 0, 'delta'], undefined),
    ],
    [
      'a chunk that never said whether it finishes',
      'CreateChatCompletionStreamResponse',
      changed(chunk, ['choices', 0, 'finish_reason'], undefined),
    ],
    ['an answer in the place of a chunk', 'CreateChatCompletionStreamResponse', response],
    ['a service tier that is no text', 'CreateChatCompletionResponse', { ...response, service_tier: 1 }],
    ['an error without param', 'ErrorResponse', { error: { message: 'no', type: 'x', code: null } }],
    ['a bare error', 'ErrorResponse', { message: 'no', type: 'x', code: null, param: null }],
    ['a model without an owner', 'Model', { id: 'm', object: 'model', created: 1 }],
    ['a bare list of models', 'ListModelsResponse', [{ id: 'm', object: 'model', created: 1, owned_by: 'o' }]],
    ['no object at all', 'CreateChatCompletionResponse', 'Hello'],
  ])('refuses %s', (_, name, value) => {
    expect(schema.check(name, value).lenient).not.toEqual([]);
  });

  it.each<[SchemaName, unknown]>([
    ['CreateChatCompletionResponse', response],
    ['CreateChatCompletionStreamResponse', chunk],
    ['ErrorResponse', { error: { message: 'no', type: 'x', code: null, param: null, retry_after: 1 } }],
    ['ListModelsResponse', { object: 'list', data: [{ id: 'm', object: 'model', created: 1, owned_by: 'o' }] }],
  ])('takes a whole %s, and so does the strict one', (name, value) => {
    expect(schema.check(name, value)).toEqual({ lenient: [], strict: [] });
  });

  it("takes the product's service tiers, which the document as written refuses", () => {
    const tiered = { ...response, service_tier: 'gpu_nvidia_shared' };
    expect(schema.check('CreateChatCompletionResponse', tiered)).toEqual({
      lenient: [],
      strict: ['CreateChatCompletionResponse /service_tier'],
    });
  });
});

describe('expectValid', () => {
  it('says what is wrong and where', () => {
    const fresh = new OpenaiSchema();
    expect(() => fresh.expectValid('Model', { id: 'm', object: 'model', created: 'now', owned_by: 'o' })).toThrow(
      'Model /created: must be integer',
    );
  });

  it('remembers what strict refuses, without failing', () => {
    const fresh = new OpenaiSchema();
    fresh.expectValid('CreateChatCompletionResponse', { ...response, system_fingerprint: null });
    fresh.expectValid('CreateChatCompletionResponse', { ...response, system_fingerprint: null });
    expect(fresh.strictFindings).toEqual(['CreateChatCompletionResponse /system_fingerprint']);
  });
});
