import { Validator } from '@seriousme/openapi-schema-validator';
import { errors } from '@xerotier/contracts/errors';
import { buildDocument } from './build-document.ts';
import { openapiDocument } from './document.ts';
import type { Operation } from './operation.ts';
import type { DocumentedOperation } from './openapi-document.ts';
import { operations } from './operations.ts';
import { schemas } from './schemas.ts';

const document = openapiDocument();
const row = operations[0] as Operation;

async function isValid(value: object): Promise<boolean> {
  return (await new Validator().validate(structuredClone(value) as Record<string, unknown>)).valid;
}

/** The references of a document that lead nowhere. */
function danglingReferences(value: object): string[] {
  const found: string[] = [];
  JSON.stringify(value, (key, inner: unknown) => {
    if (key === '$ref') found.push(inner as string);
    return inner;
  });
  const target = (reference: string): unknown =>
    reference
      .slice(2)
      .split('/')
      .reduce<unknown>((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], value);
  return found.filter((reference) => !reference.startsWith('#/') || target(reference) === undefined);
}

describe('the document', () => {
  it('is valid OpenAPI 3.1, and would not be without its title', async () => {
    expect(await isValid(document)).toBe(true);
    expect(await isValid({ ...document, info: {} })).toBe(false);
  });

  it('has a place for each of its references, and would be found out without its schemas', () => {
    expect(danglingReferences(document)).toEqual([]);
    const { Model: _model, ...others } = document.components.schemas;
    const without = { ...document, components: { ...document.components, schemas: others } };
    expect(new Set(danglingReferences(without))).toEqual(new Set(['#/components/schemas/Model']));
  });

  it('names each operation once, though it has three places', () => {
    const ids = Object.values(document.paths).flatMap((item) => Object.values(item).map((each) => each.operationId));
    expect(ids.filter((id, at) => ids.indexOf(id) !== at)).toEqual([]);
    expect(ids).toEqual(
      expect.arrayContaining(['createChatCompletion', 'createChatCompletionInProject', 'createChatCompletionByKey']),
    );
  });

  it('wants a key for everything but itself', () => {
    const open = Object.entries(document.paths).filter(([, item]) => item.get?.security !== undefined);
    expect(open.map(([path, item]) => [path, item.get?.security])).toEqual([
      ['/', []],
      ['/openapi.json', []],
      ['/docs', []],
    ]);
    expect(document.security).toEqual([{ apiKey: [] }]);
  });

  it('says what a client may send, and not what becomes of it', () => {
    const { CreateEmbeddingRequest: request, CreateChatCompletionRequest: chat } = document.components.schemas;
    expect(request).toMatchObject({
      required: ['model', 'input'],
      properties: {
        input: { anyOf: expect.arrayContaining([{ type: 'string', minLength: 1 }]) },
        encoding_format: { anyOf: [{ enum: ['float', 'base64'] }, { type: 'null' }] },
      },
    });
    expect(chat).toMatchObject({
      required: ['model', 'messages'],
      properties: { seed: { type: ['integer', 'null'] } },
    });
  });

  it('leaves answers open for fields that are added later', () => {
    expect(document.components.schemas['ModelList']).not.toHaveProperty('additionalProperties');
  });

  it('writes parameters of the query as they are sent', () => {
    const parameters = document.paths['/{project}/v1/chat/completions']?.get?.parameters;
    expect(parameters).toEqual(
      expect.arrayContaining([
        {
          name: 'limit',
          in: 'query',
          required: false,
          schema: { type: 'integer', minimum: 1, maximum: 100, default: 20 },
        },
        expect.objectContaining({ name: 'metadata', style: 'deepObject', explode: true }),
      ]),
    );
  });

  it('lists errors by status, each code once', () => {
    const { paths } = buildDocument([
      { ...row, errors: ['auth.missing_key', 'auth.invalid_key', 'router.no_worker', 'router.queue_full'] },
    ]);
    const { responses } = paths['/{project}/v1/chat/completions']?.post as DocumentedOperation;
    expect(Object.entries(responses).map(([status, answer]) => [status, answer['x-error-codes']])).toEqual([
      ['200', undefined],
      ['401', ['invalid_api_key']],
      ['503', ['capacity_exceeded', 'no_worker_available']],
    ]);
    expect(Object.keys(responses['503']?.headers ?? {})).toContain('Retry-After');
    expect(Object.keys(responses['401']?.headers ?? {})).toEqual(['X-Request-ID', 'WWW-Authenticate']);
  });
});

describe('the table of operations', () => {
  const bodies = operations.flatMap(({ operationId, body }) => (body === undefined ? [] : [{ operationId, body }]));

  /** A form of nothing but a file, which is no field. */
  const withoutFields = new Set<string>(['createImageVariation']);

  it.each(bodies)(
    'has an example for $operationId that is accepted, and not without what is required',
    ({ operationId, body }) => {
      expect(schemas[body.schema].safeParse(body.example).error).toBeUndefined();
      expect(schemas[body.schema].safeParse({}).success).toBe(withoutFields.has(operationId));
    },
  );

  it('has each error that a client may get somewhere', () => {
    // No operation has these two: they are for what is none.
    const nowhere = new Set(['route.not_found', 'route.method_not_allowed']);
    const told = new Set<string>(operations.flatMap((operation) => operation.errors));
    expect(Object.keys(errors).filter((code) => !told.has(code) && !nowhere.has(code))).toEqual([]);
  });

  it('uses each schema that has a name', () => {
    const text = JSON.stringify(document);
    expect(Object.keys(schemas).filter((name) => !text.includes(`#/components/schemas/${name}"`))).toEqual([]);
  });
});
