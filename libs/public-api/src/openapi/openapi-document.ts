/** Types of the parts of OpenAPI 3.1 that the document uses. */
import type { JsonSchema } from './json-schemas.ts';

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required: boolean;
  readonly description?: string;
  readonly style?: 'deepObject';
  readonly explode?: true;
  readonly schema: JsonSchema;
}

export interface Content {
  readonly schema?: JsonSchema;
  readonly example?: unknown;
}

export interface DocumentedResponse {
  readonly description: string;
  readonly headers?: Readonly<Record<string, { readonly $ref: string }>>;
  readonly content: Readonly<Record<string, Content>>;
  /** For errors: the `code`s with this status. */
  readonly 'x-error-codes'?: readonly string[];
}

/** Extension that Redoc and Scalar support. */
export interface CodeSample {
  readonly lang: 'Shell' | 'Python' | 'JavaScript';
  readonly label: string;
  readonly source: string;
}

/** One of them must be met. */
export type SecurityRequirement = Readonly<Record<string, readonly string[]>>;

export interface DocumentedOperation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description?: string;
  readonly parameters: readonly (Parameter | { readonly $ref: string })[];
  readonly requestBody?: { readonly required: boolean; readonly content: Readonly<Record<string, Content>> };
  readonly responses: Readonly<Record<string, DocumentedResponse>>;
  /** Other than those of the document. */
  readonly servers?: readonly { readonly url: string }[];
  /** One of these, with the scope of the key and the role of the user; empty if everyone may call it. */
  readonly security: readonly SecurityRequirement[];
  readonly 'x-codeSamples'?: readonly CodeSample[];
  /** The messages of a WebSocket, which OpenAPI cannot express. */
  readonly 'x-websocket'?: { readonly fromClient: JsonSchema; readonly fromServer: JsonSchema };
}

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

export interface OpenapiDocument {
  readonly openapi: '3.1.1';
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly servers: readonly { readonly url: string }[];
  readonly security: readonly SecurityRequirement[];
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, Readonly<Partial<Record<Method, DocumentedOperation>>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, JsonSchema>>;
    readonly parameters: Readonly<Record<string, Parameter>>;
    readonly headers: Readonly<Record<string, { readonly description: string; readonly schema: JsonSchema }>>;
    readonly securitySchemes: Readonly<Record<string, Readonly<Record<string, string>>>>;
  };
}
