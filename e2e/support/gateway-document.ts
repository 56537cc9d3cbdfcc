/**
 * Validates responses against the OpenAPI document that the gateway serves. Objects are treated as closed: a field, status or
 * error code of a response that the document does not declare is a finding.
 */
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ValidateFunction } from 'ajv/dist/2020.js';

type Json = Record<string, unknown>;

interface DocumentedResponse {
  readonly headers?: Json;
  readonly content: Readonly<Record<string, { readonly schema?: object }>>;
  readonly 'x-error-codes'?: readonly string[];
}

interface Document extends Json {
  readonly paths: Readonly<
    Record<string, Record<string, { readonly responses: Readonly<Record<string, DocumentedResponse>> }>>
  >;
}

export interface ReceivedResponse {
  /** Such as `POST /proj_1/chat/v1/chat/completions`. */
  readonly route: string;
  readonly status: number;
  readonly headers: Headers;
  /** The body as JSON, or the data of each event; empty when it is not JSON. */
  readonly values: readonly unknown[];
}

/** The headers that the document must declare. */
const DECLARED_HEADERS = /^(?:x-(?:request-id|xerotier-|ratelimit-)|retry-after)/;

export class GatewayDocument {
  readonly #document: Document;
  readonly #ajv: Ajv2020;
  readonly #compiled = new Map<string, ValidateFunction>();

  constructor(document: Document) {
    this.#document = document;
    const options = { strict: false, allErrors: true, validateFormats: false };
    this.#ajv = new Ajv2020(options).addSchema({ $id: 'gateway', ...(closed(document) as Json) });
  }

  static async read(baseUrl: string): Promise<GatewayDocument> {
    return new GatewayDocument((await (await fetch(`${baseUrl}/openapi.json`)).json()) as Document);
  }

  /** Returns what the document does not declare of this response. */
  findings({ route, status, headers, values }: ReceivedResponse): string[] {
    const operation = this.#operationOf(route);
    // Unknown routes return the common error schema.
    if (operation === undefined)
      return status === 404 || status === 405 ? this.#schemaFindings(ERROR, values) : [`no ${route}`];
    const { path, method } = operation;
    const received = this.#document.paths[path]?.[method]?.responses[status];
    if (received === undefined) return [`${route} has no ${status}`];
    const type = (headers.get('content-type') ?? '').replace(/;.*/, '');
    // A redirect has no body.
    if (type === '' && Object.keys(received.content).length === 0) return undocumented(received, headers, values);
    const content = received.content[type];
    if (content === undefined) return [`${route} has no ${type} with ${status}`];
    const schema = ['paths', path, method, 'responses', String(status), 'content', type, 'schema'];
    return [
      ...undocumented(received, headers, values),
      ...(content.schema === undefined ? [] : this.#schemaFindings(schema, values)),
    ];
  }

  #operationOf(route: string): { path: string; method: string } | undefined {
    const [method = '', url = ''] = route.split(' ');
    const path = Object.keys(this.#document.paths).find(
      (template) => patternOf(template).test(url.replace(/\?.*/, '')) && this.#hasMethod(template, method),
    );
    return path === undefined ? undefined : { path, method: method.toLowerCase() };
  }

  #hasMethod(template: string, method: string): boolean {
    return this.#document.paths[template]?.[method.toLowerCase()] !== undefined;
  }

  #schemaFindings(place: readonly string[], values: readonly unknown[]): string[] {
    const pointer = place.map((key) => encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/');
    const validate = this.#compiled.get(pointer) ?? this.#ajv.compile({ $ref: `gateway#/${pointer}` });
    this.#compiled.set(pointer, validate);
    return values.flatMap((value) =>
      validate(value)
        ? []
        : (validate.errors ?? []).map(
            ({ instancePath, message, params }) => `${instancePath}: ${message} ${JSON.stringify(params)}`,
          ),
    );
  }
}

const ERROR = ['components', 'schemas', 'ErrorResponse'];

function undocumented(received: DocumentedResponse, headers: Headers, values: readonly unknown[]): string[] {
  const declared = new Set(Object.keys(received.headers ?? {}).map((name) => name.toLowerCase()));
  const unknown = [...headers.keys()].filter((name) => DECLARED_HEADERS.test(name) && !declared.has(name));
  const codes = received['x-error-codes'];
  const code = (values[0] as { error?: { code: string } } | undefined)?.error?.code;
  return [
    ...unknown.map((name) => `header ${name}`),
    ...(codes === undefined || codes.includes(code as string) ? [] : [`code ${code}`]),
  ];
}

/** `{model}` may contain slashes, and the slug of an endpoint is never a version. */
function patternOf(template: string): RegExp {
  const parts = template.split('/').map((part) => {
    if (part === '{model}') return '.+';
    return part.startsWith('{') ? '(?!v\\d(?:/|$))[^/]+' : part.replaceAll('.', '\\.');
  });
  return new RegExp(`^${parts.join('/')}$`);
}

/** Adds `additionalProperties: false` to objects that do not specify it. */
function closed(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(closed);
  if (typeof node !== 'object' || node === null) return node;
  const walked = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, closed(value)]));
  const isObject = walked['type'] === 'object' && typeof walked['properties'] === 'object';
  return isObject && !('additionalProperties' in walked) ? { ...walked, additionalProperties: false } : walked;
}
