/** Makes the document of the public API from the table of operations. */
import { errors } from '@xerotier/contracts/errors';
import type { ErrorCode } from '@xerotier/contracts/errors';
import { BASES } from '../access/base-paths.ts';
import { answerHeaderTexts, RATE_LIMIT_HEADERS } from './answer-headers.ts';
import type { AnswerHeader } from './answer-headers.ts';
import { jsonFields, namedSchemas, referenceTo } from './json-schemas.ts';
import type { JsonField, JsonSchema } from './json-schemas.ts';
import { tags } from './operation.ts';
import type { Operation } from './operation.ts';
import type { DocumentedAnswer, DocumentedOperation, OpenapiDocument, Parameter } from './openapi-document.ts';
import { pathParameters } from './path-parameters.ts';
import type { SchemaName } from './schemas.ts';

const DESCRIPTION = `An OpenAI-compatible API. The base URL of a client is \`/v1\` or \`/{project}/v1\`, where \`model\` picks an endpoint of the project, or \`/{project}/{endpoint}/v1\`. An API key is sent as \`Authorization: Bearer xero_...\`; on \`/v1\` it also names the project.

An answer that is no success has an \`ErrorResponse\`: switch on its \`code\`. In parameters \`null\` means the same as leaving one out.`;

export function buildDocument(operations: readonly Operation[]): OpenapiDocument {
  const paths: Record<string, Record<string, DocumentedOperation>> = {};
  for (const operation of operations) {
    for (const { path, operationId } of placesOf(operation)) {
      paths[path] = { ...paths[path], [operation.method]: documented(operation, path, operationId) };
    }
  }
  return {
    openapi: '3.1.1',
    info: { title: 'Xerotier', version: 'v1', description: DESCRIPTION },
    servers: [{ url: '/' }],
    security: [{ apiKey: [] }],
    tags: Object.entries(tags).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      schemas: namedSchemas(),
      parameters: pathParameters(),
      headers: Object.fromEntries(
        Object.entries(answerHeaderTexts).map(([name, description]) => [
          name,
          { description, schema: { type: 'string' } },
        ]),
      ),
      securitySchemes: { apiKey: { type: 'http', scheme: 'bearer' } },
    },
  };
}

function placesOf({ path, isPublic, operationId }: Operation): { path: string; operationId: string }[] {
  if (isPublic === true) return [{ path, operationId }];
  return BASES.map(({ path: base, operationSuffix }) => ({
    path: base + path,
    operationId: operationId + operationSuffix,
  }));
}

function documented(operation: Operation, path: string, operationId: string): DocumentedOperation {
  const { tag, summary, description, body, isPublic } = operation;
  return {
    operationId,
    tags: [tag],
    summary,
    ...(description !== undefined && { description }),
    parameters: parametersOf(operation, path),
    ...(body !== undefined && {
      requestBody: {
        required: body.isRequired ?? true,
        content: {
          [body.mediaType ?? 'application/json']: { schema: referenceTo(body.schema), example: body.example },
        },
      },
    }),
    responses: { 200: goodAnswer(operation), ...refusals(operation) },
    ...(isPublic === true && { security: [] }),
  };
}

function parametersOf({ query, headers }: Operation, path: string): DocumentedOperation['parameters'] {
  return [
    ...[...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({ $ref: `#/components/parameters/${name}` })),
    ...(query === undefined ? [] : jsonFields(query).map((field) => parameter('query', field))),
    ...(headers === undefined ? [] : jsonFields(headers).map((field) => parameter('header', field))),
  ];
}

function parameter(place: 'query' | 'header', { name, isRequired, schema }: JsonField): Parameter {
  const { description, ...rest } = schema;
  return {
    name,
    in: place,
    required: isRequired,
    ...(typeof description === 'string' && { description }),
    // `metadata[topic]=news`
    ...(rest['type'] === 'object' && { style: 'deepObject', explode: true }),
    schema: rest,
  };
}

function goodAnswer({ answer, answerHeaders = [] }: Operation): DocumentedAnswer {
  const isStreamed = 'text/event-stream' in answer;
  return {
    description: isStreamed
      ? 'The answer. Of a stream this is the data of each event; the last is `[DONE]`, unless it broke off.'
      : 'The answer.',
    headers: headerReferences('X-Request-ID', ...answerHeaders),
    content: Object.fromEntries(
      Object.entries(answer).map(([type, names]) => [type, names === null ? {} : { schema: anyOf([names].flat()) }]),
    ),
  };
}

function anyOf(names: readonly SchemaName[]): JsonSchema {
  const references = names.map(referenceTo);
  return references.length === 1 ? (references[0] as JsonSchema) : { anyOf: references };
}

const REFUSAL_HEADERS: Readonly<Record<number, readonly AnswerHeader[]>> = {
  401: ['WWW-Authenticate'],
  429: ['Retry-After', ...RATE_LIMIT_HEADERS],
  503: ['Retry-After'],
};

/** By status: the codes that it may have. */
function refusals({ errors: codes }: Operation): Record<string, DocumentedAnswer> {
  return Object.fromEntries(
    [...Map.groupBy(codes, (code) => errors[code].status)].map(([status, group]) => [status, refusal(status, group)]),
  );
}

function refusal(status: number, group: readonly ErrorCode[]): DocumentedAnswer {
  const codes = [...new Set(group.map((code) => errors[code].publicCode))].sort();
  return {
    description: codes.map((code) => `\`${code}\``).join(', '),
    headers: headerReferences('X-Request-ID', ...(REFUSAL_HEADERS[status] ?? [])),
    content: { 'application/json': { schema: referenceTo('ErrorResponse') } },
    'x-error-codes': codes,
  };
}

function headerReferences(...names: AnswerHeader[]): Record<string, { $ref: string }> {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}
