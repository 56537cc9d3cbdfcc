/** Builds the OpenAPI document from the operations. */
import { errorResponse } from '../errors/response.ts';
import { publicErrors } from '../errors/public-errors.ts';
import type { PublicErrorCode } from '../errors/public-errors.ts';
import { authenticationOf, SESSION_COOKIE } from '../operation/authentication.ts';
import { basesOf } from '../operation/base-paths.ts';
import type { FileField, OperationDefinition, WebSocketMessages } from '../operation/define-operation.ts';
import type { Permission } from '../operation/permissions.ts';
import { RATE_LIMIT_HEADERS, responseHeaderTexts } from '../operation/response-headers.ts';
import type { ResponseHeader } from '../operation/response-headers.ts';
import { systemRoleOf } from '../operation/system-role.ts';
import { tags } from '../operation/tags.ts';
import { codeSamples } from './code-samples.ts';
import { bodySchema, jsonFields, namedSchemas } from './json-schemas.ts';
import type { JsonField } from './json-schemas.ts';
import type {
  DocumentedOperation,
  DocumentedResponse,
  OpenapiDocument,
  Parameter,
  SecurityRequirement,
} from './openapi-document.ts';
import { pathParameters } from './path-parameters.ts';

const DESCRIPTION = `An OpenAI-compatible API. The base URL of a client is \`/v1\` or \`/{project}/v1\`, where \`model\` selects an endpoint of the project, or \`/{project}/{endpoint}/v1\`. Send an API key as \`Authorization: Bearer xero_...\`; on \`/v1\` it also identifies the project.

The body of an error is an \`ErrorResponse\`: handle errors by their \`code\`. A parameter that is \`null\` is the same as an omitted one.`;

/** What a permission requires: the scope of a key, and the role of a member. */
export interface PermissionRequirements {
  scopeFor(permission: Permission): string;
  roleFor(permission: Permission): string;
}

export function buildDocument(
  operations: readonly OperationDefinition[],
  requirements: PermissionRequirements,
): OpenapiDocument {
  const paths: Record<string, Record<string, DocumentedOperation>> = {};
  for (const operation of operations) {
    for (const { path, operationId } of basePathsOf(operation)) {
      paths[path] = { ...paths[path], [operation.method]: documented(operation, path, operationId, requirements) };
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
      parameters: pathParameters(operations),
      headers: Object.fromEntries(
        Object.entries(responseHeaderTexts).map(([name, description]) => [
          name,
          { description, schema: { type: 'string' } },
        ]),
      ),
      securitySchemes: {
        apiKey: { type: 'http', scheme: 'bearer' },
        session: { type: 'apiKey', in: 'cookie', name: SESSION_COOKIE },
      },
    },
  };
}

function basePathsOf({
  path,
  permission,
  operationId,
  bases,
}: OperationDefinition): { path: string; operationId: string }[] {
  // OpenAPI cannot express a path parameter with slashes.
  const template = path.replaceAll('{+', '{');
  if (permission === null) return [{ path: template, operationId }];
  return basesOf(bases).map(({ path: base, operationSuffix }) => ({
    path: base + template,
    operationId: operationId + operationSuffix,
  }));
}

function documented(
  operation: OperationDefinition,
  path: string,
  operationId: string,
  requirements: PermissionRequirements,
): DocumentedOperation {
  const { tag, summary, request, files, example } = operation;
  const description = [operation.description, filesText(files)].filter((text) => text !== undefined).join(' ');
  return {
    operationId,
    tags: [tag],
    summary,
    ...(description !== '' && { description }),
    parameters: parametersOf(operation, path),
    ...((request !== undefined || files !== undefined) && {
      requestBody: {
        required: operation.isRequestOptional !== true,
        content: {
          [files === undefined ? 'application/json' : 'multipart/form-data']:
            request === undefined ? {} : { schema: bodySchema(request), example },
        },
      },
    }),
    responses: {
      ...successesOf(operation),
      ...(operation.hasRanges === true && { 206: { ...successOf(operation), description: 'The requested range.' } }),
      ...errorsOf(operation),
    },
    security: securityOf(operation, requirements),
    'x-codeSamples': codeSamples(operation, path),
    ...(operation.webSocket !== undefined && {
      'x-websocket': {
        fromClient: bodySchema(operation.webSocket.fromClient),
        fromServer: bodySchema(operation.webSocket.fromServer),
      },
    }),
  };
}

function successesOf(operation: OperationDefinition): Record<string, DocumentedResponse> {
  if (operation.webSocket !== undefined) return { 101: upgradeOf(operation.webSocket) };
  return operation.redirects === true ? { 302: redirectOf(operation) } : { 200: successOf(operation) };
}

function upgradeOf({ fromServer }: WebSocketMessages): DocumentedResponse {
  return {
    description: 'The connection is a WebSocket. This is the data of each message of the server.',
    headers: headerReferences('X-Request-ID'),
    content: { 'application/json': { schema: bodySchema(fromServer) } },
  };
}

/** One requirement per way to authenticate, with the scope of the key, and the role of the user in the project or on the platform. */
function securityOf(operation: OperationDefinition, requirements: PermissionRequirements): SecurityRequirement[] {
  const { permission } = operation;
  const auth = authenticationOf(operation);
  const byKey = { apiKey: permission === null ? [] : [requirements.scopeFor(permission)] };
  const systemRole = systemRoleOf(operation);
  const role = permission === null ? systemRole : requirements.roleFor(permission);
  const bySession = { session: role === undefined ? [] : [role] };
  const ways = { key: [byKey], session: [bySession], either: [byKey, bySession], none: [] };
  return ways[auth];
}

function filesText(files: readonly FileField[] | undefined): string | undefined {
  if (files === undefined) return undefined;
  const texts = files.map(({ name, min, max }) => {
    const count = max === 1 ? 'one file' : `up to ${max} files`;
    return `\`${name}\` (${count}${min === 0 ? ', optional' : ''})`;
  });
  return `Files of the form: ${texts.join(', ')}.`;
}

function parametersOf({ query, headers }: OperationDefinition, path: string): DocumentedOperation['parameters'] {
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

function successOf(operation: OperationDefinition): DocumentedResponse {
  const { response, events, rawResponse = [], responseHeaders = [] } = operation;
  const isStreamed = events !== undefined || rawResponse.includes('text/event-stream');
  return {
    description: isStreamed
      ? 'OK. For a stream this is the data of each event; the last is `[DONE]`, unless the stream was interrupted.'
      : 'OK.',
    headers: headerReferences('X-Request-ID', ...responseHeaders),
    content: {
      ...(response !== undefined && { 'application/json': { schema: bodySchema(response) } }),
      ...(events !== undefined && { 'text/event-stream': { schema: bodySchema(events) } }),
      ...Object.fromEntries(rawResponse.map((type) => [type, {}])),
    },
  };
}

function redirectOf({ responseHeaders = [] }: OperationDefinition): DocumentedResponse {
  return {
    description: 'A redirect.',
    headers: headerReferences('X-Request-ID', 'Location', ...responseHeaders),
    content: {},
  };
}

const ERROR_HEADERS: Readonly<Record<number, readonly ResponseHeader[]>> = {
  401: ['WWW-Authenticate'],
  429: ['Retry-After', ...RATE_LIMIT_HEADERS],
  503: ['Retry-After'],
};

/** Groups the error codes by status. */
function errorsOf({ errors }: OperationDefinition): Record<string, DocumentedResponse> {
  const byStatus = Map.groupBy(new Set(errors), (code) => publicErrors[code].status);
  return Object.fromEntries([...byStatus].map(([status, codes]) => [status, errorOf(status, codes.sort())]));
}

function errorOf(status: number, codes: readonly PublicErrorCode[]): DocumentedResponse {
  return {
    description: codes.map((code) => `\`${code}\``).join(', '),
    headers: headerReferences('X-Request-ID', ...(ERROR_HEADERS[status] ?? [])),
    content: { 'application/json': { schema: bodySchema(errorResponse) } },
    'x-error-codes': codes,
  };
}

function headerReferences(...names: ResponseHeader[]): Record<string, { $ref: string }> {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}
