/**
 * The definition of one operation of the public API. The routes of the gateway (`@Operation(...)`), the OpenAPI document, the
 * typed client and the validation of responses are derived from it.
 */
import type { z } from 'zod';
import type { PublicErrorCode } from '../errors/public-errors.ts';
import type { Authentication } from './authentication.ts';
import type { Bases } from './base-paths.ts';
import type { Permission } from './permissions.ts';
import type { SystemRole } from './system-role.ts';
import type { ResponseHeader } from './response-headers.ts';
import type { Tag } from './tags.ts';

/** A form field with files. */
export interface FileField {
  readonly name: string;
  readonly min: number;
  readonly max: number;
}

/** The method of an operation in the SDKs of OpenAI, such as `chat.completions.create`. */
export interface SdkMethod {
  readonly node: string;
  /** If its name differs from that of the Node SDK. */
  readonly python?: string;
}

/** The messages of a WebSocket, which are JSON. */
export interface WebSocketMessages {
  readonly fromClient: z.ZodType;
  readonly fromServer: z.ZodType;
}

export interface OperationDefinition {
  /** The method name in generated clients, with the suffix `InProject` or `ByKey` on the other base paths. */
  readonly operationId: string;
  /** For the code samples. Default: the SDKs have none, and their generic methods are used. */
  readonly sdk?: SdkMethod;
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /**
   * Path below the base path (see `BASES`), such as `/v1/chat/completions/{completion}`. `{+model}` matches the rest of the path,
   * including slashes, as in RFC 6570. Without a permission it is the whole path.
   */
  readonly path: `/${string}`;
  /** The base paths that it is served on. Default: all of them. */
  readonly bases?: Bases;
  /** The required permission, checked before the body is read; null for an operation without a project. */
  readonly permission: Permission | null;
  /** How a caller identifies itself. Default: an API key if there is a permission, else not at all. */
  readonly auth?: Authentication;
  /** The system role that the signed-in user needs; every operation below `/api/v1/admin` has one. */
  readonly systemRole?: SystemRole;
  readonly tag: Tag;
  readonly summary: string;
  readonly description?: string;
  /** A field for each path parameter. */
  readonly params?: z.ZodObject;
  /** Query parameters. */
  readonly query?: z.ZodObject;
  readonly headers?: z.ZodObject;
  /** The body. Default: no body is read. */
  readonly request?: z.ZodType;
  /** Makes the body a form (`multipart/form-data`) with these files and the fields of `request`, if it has any. Default: it is JSON. */
  readonly files?: readonly FileField[];
  /** Whether the handler passes the form on as it comes. Default: it is parsed in memory. */
  readonly isBodyStreamed?: boolean;
  /** Whether the body is optional. Default false. */
  readonly isRequestOptional?: boolean;
  /** A valid body for the document and the code samples. */
  readonly example?: Readonly<Record<string, unknown>>;
  /** The JSON body of a 200. */
  readonly response?: z.ZodType;
  /** The data of one server-sent event, if the response can be streamed. */
  readonly events?: z.ZodType;
  /** Media types of responses without a schema: binary data, or responses that are passed through. */
  readonly rawResponse?: readonly string[];
  /** Whether a range of a raw response can be requested, which is a 206. Default false. */
  readonly hasRanges?: boolean;
  /** Whether a success is a 302 instead of a 200, with `Location` and without a body. Default false. */
  readonly redirects?: boolean;
  /** Makes a success a 101, after which both sides send messages of this form. Default: it is an ordinary response. */
  readonly webSocket?: WebSocketMessages;
  /** Headers of a 200, in addition to X-Request-ID. */
  readonly responseHeaders?: readonly ResponseHeader[];
  /** Every public error code of the operation. */
  readonly errors: readonly PublicErrorCode[];
}

/** Preserves the types of the schemas, from which those of the client and the controllers are inferred. */
export function defineOperation<const O extends OperationDefinition>(operation: O): O {
  return operation;
}

/** The validated body. */
export type BodyOf<O extends OperationDefinition> = O['request'] extends z.ZodType ? z.output<O['request']> : undefined;

/** The validated query. */
export type QueryOf<O extends OperationDefinition> = O['query'] extends z.ZodType ? z.output<O['query']> : undefined;

/** What a handler returns for a 200, and what the client returns. */
export type ResponseOf<O extends OperationDefinition> = O['response'] extends z.ZodType
  ? z.input<O['response']>
  : undefined;
