import { Validator } from '@seriousme/openapi-schema-validator';
import { z } from 'zod';
import { operations } from '../operations/operations.ts';
import { PUBLIC_ERROR_CODES } from '../errors/public-errors.ts';
import type { OperationDefinition } from '../operation/define-operation.ts';
import { buildDocument } from './build-document.ts';
import { components } from './components.ts';
import type { DocumentedOperation } from './openapi-document.ts';

const requirements = {
  scopeFor: (permission: string) => `scope of ${permission}`,
  roleFor: (permission: string) => `role of ${permission}`,
};
const document = buildDocument(operations, requirements);
const row = operations[0] as OperationDefinition;

async function isValid(value: object): Promise<boolean> {
  return (await new Validator().validate(structuredClone(value) as Record<string, unknown>)).valid;
}

/** The unresolved references of a document. */
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

describe('buildDocument', () => {
  it('returns valid OpenAPI 3.1', async () => {
    expect(await isValid(document)).toBe(true);
    // The validation itself works: the title is required.
    expect(await isValid({ ...document, info: {} })).toBe(false);
  });

  it('has no unresolved references', () => {
    expect(danglingReferences(document)).toEqual([]);
    const { Model: _model, ...others } = document.components.schemas;
    const without = { ...document, components: { ...document.components, schemas: others } };
    expect(new Set(danglingReferences(without))).toEqual(new Set(['#/components/schemas/Model']));
  });

  it('has a unique operationId for each base path of an operation', () => {
    const ids = Object.values(document.paths).flatMap((item) => Object.values(item).map((each) => each.operationId));
    expect(ids.filter((id, i) => ids.indexOf(id) !== i)).toEqual([]);
    expect(ids).toEqual(
      expect.arrayContaining(['createChatCompletion', 'createChatCompletionInProject', 'createChatCompletionByKey']),
    );
  });

  it('documents what belongs to a project on the base paths of projects only', () => {
    const paths = Object.keys(document.paths).filter((path) => path.endsWith('/api-keys/{key}/quota'));
    expect(paths).toEqual(['/{project}/v1/management/api-keys/{key}/quota', '/v1/management/api-keys/{key}/quota']);
    expect(paths.map((path) => document.paths[path]?.put?.operationId)).toEqual([
      'setApiKeyQuota',
      'setApiKeyQuotaByKey',
    ]);
  });

  /** The operations with these requirements. */
  const operationsWith = (security: object[]): string[] =>
    Object.values(document.paths)
      .flatMap((item) => Object.values(item))
      .filter((operation) => JSON.stringify(operation.security) === JSON.stringify(security))
      .map(({ operationId }) => operationId);

  it('requires a key for everything except the reference, registration, the first admin, sign-in and password reset', () => {
    expect(operationsWith([])).toEqual([
      'createAccount',
      'bootstrapAdmin',
      'createSession',
      'requestPasswordReset',
      'completePasswordReset',
      'listSignInProviders',
      'beginSignIn',
      'completeSignIn',
      'completePendingSignIn',
      'getWelcome',
      'getOpenapiDocument',
      'getReferencePage',
      'getReferencePageScript',
    ]);
    expect(document.security).toEqual([{ apiKey: [] }]);
  });

  it('requires a session for accounts, and accepts one for the management of a project', () => {
    expect(operationsWith([{ session: [] }])).toEqual(expect.arrayContaining(['getAccount', 'createProject']));
    const either = [{ apiKey: ['scope of keys:write'] }, { session: ['role of keys:write'] }];
    expect(operationsWith(either)).toContain('createApiKey');
    expect(operationsWith([{ apiKey: ['scope of models:read'] }])).toContain('listModels');
    expect(document.components.securitySchemes['session']).toEqual({
      ...{ type: 'apiKey', in: 'cookie', name: '__Host-session' },
    });
  });

  it('describes requests before they are transformed', () => {
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

  it('allows additional properties in responses', () => {
    expect(document.components.schemas['ModelList']).not.toHaveProperty('additionalProperties');
  });

  it('describes query parameters as they are sent', () => {
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

  it('lists error codes by status, without duplicates', () => {
    const { paths } = buildDocument(
      [{ ...row, errors: ['invalid_api_key', 'invalid_api_key', 'no_worker_available', 'capacity_exceeded'] }],
      requirements,
    );
    const { responses } = paths['/{project}/v1/chat/completions']?.post as DocumentedOperation;
    expect(Object.entries(responses).map(([status, response]) => [status, response['x-error-codes']])).toEqual([
      ['200', undefined],
      ['401', ['invalid_api_key']],
      ['503', ['capacity_exceeded', 'no_worker_available']],
    ]);
    expect(Object.keys(responses['503']?.headers ?? {})).toContain('Retry-After');
    expect(Object.keys(responses['401']?.headers ?? {})).toEqual(['X-Request-ID', 'WWW-Authenticate']);
  });
});

describe('operations', () => {
  const bodies = operations.filter(({ request }) => request !== undefined);

  /** A form with only a file, which is not a field; and bodies that have a default for every field. */
  const withoutRequiredFields = new Set<string>([
    'createConversation',
    'createImageVariation',
    'rotateApiKey',
    'setApiKeyIpFilter',
    'updateEndpoint',
    'updateProject',
    'updateMember',
    'updateCatalogueModel',
    'rollBackModel',
    'updateBudget',
    'adminUpdateTier',
    'beginTotp',
    'linkIdentity',
    'addUploadPart',
  ]);

  it.each(bodies)('have a valid example for $operationId, and required fields', ({ operationId, request, example }) => {
    expect(request?.safeParse(example).error).toBeUndefined();
    expect(request?.safeParse({}).success).toBe(withoutRequiredFields.has(operationId));
  });

  it('list every public error code', () => {
    // Errors of requests that match no operation, and of uploads that fail after their last response.
    const unlisted = new Set<string>(['unknown_url', 'method_not_allowed', 'version_exists']);
    const listed = new Set<string>(operations.flatMap((operation) => operation.errors));
    expect(PUBLIC_ERROR_CODES.filter((code) => !listed.has(code) && !unlisted.has(code))).toEqual([]);
  });

  it('have params for exactly the names in their paths', () => {
    for (const { path, params } of operations) {
      const names = [...path.matchAll(/\{\+?(\w+)\}/g)].map(([, name]) => name);
      expect(Object.keys(params?.shape ?? {})).toEqual(names);
    }
  });

  it('use every named schema', () => {
    const text = JSON.stringify(document);
    const names = Object.keys(document.components.schemas);
    expect(names.length).toBeGreaterThan(20);
    expect(names.filter((name) => !text.includes(`#/components/schemas/${name}"`))).toEqual([]);
  });

  it('must have named schemas for bodies', () => {
    const unnamed = { ...row, response: z.object({}) };
    expect(components.get(unnamed.response)).toBeUndefined();
    expect(() => buildDocument([unnamed], requirements)).toThrow('The schema of a body must have a name');
  });
});

describe('code samples', () => {
  const samples = (path: string, method: 'get' | 'post'): Record<string, string> =>
    Object.fromEntries(
      (document.paths[path]?.[method]?.['x-codeSamples'] ?? []).map(({ label, source }) => [label, source]),
    );

  it('send the example', () => {
    const { curl, Python, Node } = samples('/v1/embeddings', 'post');
    expect(curl).toContain('"Hello there"');
    expect(Python).toContain(
      'client.embeddings.create(\n    model="embed",\n    input=["Hello there", "Good bye"],\n)',
    );
    expect(Node).toContain("client.embeddings.create({\n  model: 'embed',\n  input: ['Hello there', 'Good bye'],\n})");
  });

  it('send a file if the form has one', () => {
    const { curl, Python, Node } = samples('/v1/images/edits', 'post');
    expect(curl).toContain('-F "image=@image.png"');
    expect(Python).toContain('image=open("image.png", "rb")');
    expect(Node).toContain("image: createReadStream('image.png')");
  });

  it('use placeholders for path parameters, and a key only if required', () => {
    expect(samples('/{project}/v1/models/{model}', 'get')['curl']).toContain(
      '"{base_url}/PROJECT_ID/v1/models/MODEL_ID"',
    );
    expect(samples('/openapi.json', 'get')['curl']).not.toContain('API_KEY');
  });
});
