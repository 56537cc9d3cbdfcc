/** Every enum value of the OpenAI specification is accepted, so that values of a newer specification fail a test first. */
import { readFileSync } from 'node:fs';
import type { z } from 'zod';
import { chatCompletionRequest, reasoningEffort } from './chat-completions/request.ts';
import { embeddingRequest } from './embeddings/request.ts';
import { imageEditRequest, imageGenerationRequest, imageVariationRequest } from './images/request.ts';
import { compactResponseRequest, countInputTokensRequest, createResponseRequest } from './responses/request.ts';
import { speechRequest } from './audio/speech-request.ts';
import { transcriptionRequest, translationRequest } from './audio/transcription-request.ts';

interface DocumentSchema {
  readonly $ref?: string;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly DocumentSchema[];
  readonly oneOf?: readonly DocumentSchema[];
  readonly allOf?: readonly DocumentSchema[];
  readonly items?: DocumentSchema;
  readonly properties?: Readonly<Record<string, DocumentSchema>>;
}

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');

const { components } = JSON.parse(read('e2e/fixtures/openai-openapi.json')) as {
  components: { schemas: Readonly<Record<string, DocumentSchema>> };
};

/** The schema itself and its subschemas of the same value. */
function partsOf(schema: DocumentSchema): DocumentSchema[] {
  const { $ref, anyOf = [], oneOf = [], allOf = [] } = schema;
  const target = $ref === undefined ? [] : [components.schemas[$ref.split('/').at(-1) as string] as DocumentSchema];
  return [schema, ...[...target, ...anyOf, ...oneOf, ...allOf].flatMap(partsOf)];
}

/** The enum values of each parameter; those of array items are wrapped in an array. */
function enumValues(request: string): [param: string, values: unknown[]][] {
  const properties = partsOf({ $ref: request }).flatMap((part) => Object.entries(part.properties ?? {}));
  return properties.flatMap(([param, schema]): [string, unknown[]][] => {
    const parts = partsOf(schema);
    const own = parts.flatMap((part) => part.enum ?? []);
    const inLists = parts.flatMap(({ items }) => (items === undefined ? [] : partsOf(items)));
    const values = [...own, ...inLists.flatMap((part) => part.enum ?? []).map((value) => [value])];
    return values.length === 0 ? [] : [[param, values]];
  });
}

const speech = { model: 'm', input: 'x', voice: 'alloy' };
const chat = {
  model: 'm',
  messages: [{ role: 'user', content: 'x' }],
  tools: [{ type: 'function', function: { name: 'f' } }],
};

const response = { model: 'm', input: 'x', tools: [{ type: 'function', name: 'f' }] };

/** Each request with its required fields. Forms have no null. */
const requests: Readonly<Record<string, { schema: z.ZodType; minimal: object; isForm?: true }>> = {
  CreateChatCompletionRequest: { schema: chatCompletionRequest, minimal: chat },
  CreateResponse: { schema: createResponseRequest, minimal: response },
  CompactResponseMethodPublicBody: { schema: compactResponseRequest, minimal: response },
  TokenCountsBody: { schema: countInputTokensRequest, minimal: response },
  CreateEmbeddingRequest: { schema: embeddingRequest, minimal: { model: 'm', input: 'x' } },
  CreateSpeechRequest: { schema: speechRequest, minimal: speech },
  CreateTranscriptionRequest: {
    schema: transcriptionRequest,
    minimal: { model: 'm', response_format: 'verbose_json' },
    isForm: true,
  },
  CreateTranslationRequest: { schema: translationRequest, minimal: { model: 'm' }, isForm: true },
  CreateImageRequest: { schema: imageGenerationRequest, minimal: { prompt: 'x' } },
  CreateImageEditRequest: { schema: imageEditRequest, minimal: { prompt: 'x' }, isForm: true },
  CreateImageVariationRequest: { schema: imageVariationRequest, minimal: {}, isForm: true },
};

/** Rejected by name. */
const NOT_SERVED: ReadonlySet<string> = new Set(['TokenCountsBody personality']);

const cases = Object.entries(requests).flatMap(([request, { schema, minimal, isForm }]) =>
  enumValues(request)
    .filter(([param]) => !NOT_SERVED.has(`${request} ${param}`))
    .map(([param, values]) => ({
      request,
      param,
      schema,
      minimal,
      values: values.filter((value) => !(isForm && value === null)),
    })),
);

describe('parameters with enum values in the OpenAI specification', () => {
  it.each(cases)('accept every value: $param of $request', ({ schema, minimal, param, values }) => {
    const rejected = values.filter((value) => !schema.safeParse({ ...minimal, [param]: value }).success);
    expect(rejected).toEqual([]);
  });

  it('are documented with every value: reasoning_effort', () => {
    const listed = /^`reasoning_effort` is one of ([^;]+);/m.exec(read('docs/api.md'))?.[1] ?? '';
    expect([...listed.matchAll(/`(\w+)`/g)].map(([, word]) => word)).toEqual(reasoningEffort.options);
  });

  it('include those of all requests', () => {
    const found = cases.map(({ request, param }) => `${request} ${param}`);
    expect(found).toEqual(
      expect.arrayContaining([
        'CreateChatCompletionRequest reasoning_effort',
        'CreateChatCompletionRequest service_tier',
        'CreateResponse include',
        'CreateResponse tool_choice',
        'CreateEmbeddingRequest encoding_format',
        'CreateTranscriptionRequest timestamp_granularities',
        'CreateImageEditRequest quality',
      ]),
    );
  });
});
