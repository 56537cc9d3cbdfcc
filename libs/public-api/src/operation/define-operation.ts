/**
 * One operation of the public API, stated once. The gateway's `@Operation(...)` makes its routes from the definition, and so are
 * the OpenAPI document, the typed client and the checks of responses.
 */
import type { z } from 'zod';
import type { PublicErrorCode } from '../errors/public-errors.ts';
import type { Permission } from './permissions.ts';
import type { ResponseHeader } from './response-headers.ts';
import type { Tag } from './tags.ts';

/** A field of a form that holds files. */
export interface FileField {
  readonly name: string;
  readonly min: number;
  readonly max: number;
}

export interface OperationDefinition {
  /** The name of a generated client's method; on the other bases it has `InProject` or `ByKey` behind it. */
  readonly operationId: string;
  readonly method: 'get' | 'post' | 'delete';
  /**
   * Behind the base (see `BASES`), such as `/v1/chat/completions/{completion}`. `{+model}` takes the rest of the path, slashes
   * included, as RFC 6570 has it. Of an operation without a permission this is the whole path.
   */
  readonly path: `/${string}`;
  /** What the key must allow, checked before the body is read; null: anyone may ask, without a key. */
  readonly permission: Permission | null;
  readonly tag: Tag;
  readonly summary: string;
  readonly description?: string;
  /** A field for each name in the path. */
  readonly params?: z.ZodObject;
  /** In the query of the URL. */
  readonly query?: z.ZodObject;
  readonly headers?: z.ZodObject;
  /** The body. Absent: there is none, and none is read. */
  readonly request?: z.ZodType;
  /** The body is a form (`multipart/form-data`), which holds these files beside the fields of `request`. Absent: it is JSON. */
  readonly files?: readonly FileField[];
  /** Whether the body may be left out; default false. */
  readonly isRequestOptional?: boolean;
  /** A body that is accepted: shown to readers, sent by code samples, and held against the schema. */
  readonly example?: Readonly<Record<string, unknown>>;
  /** The body of a 200 as JSON. */
  readonly response?: z.ZodType;
  /** Of a response that is streamed on demand, the data of one server-sent event. */
  readonly events?: z.ZodType;
  /** Media types of bodies that are not described: bytes, or what another server has written. */
  readonly rawResponse?: readonly string[];
  /** Of a 200, besides X-Request-ID. */
  readonly responseHeaders?: readonly ResponseHeader[];
  /** Every code that a client may read here. */
  readonly errors: readonly PublicErrorCode[];
}

/** Keeps the types of the schemas, which the client and the controllers are typed by. */
export function defineOperation<const O extends OperationDefinition>(operation: O): O {
  return operation;
}

/** The validated body. */
export type BodyOf<O extends OperationDefinition> = O['request'] extends z.ZodType ? z.output<O['request']> : undefined;

/** The validated query. */
export type QueryOf<O extends OperationDefinition> = O['query'] extends z.ZodType ? z.output<O['query']> : undefined;

/** What a handler returns for a 200, or the client gives. */
export type ResponseOf<O extends OperationDefinition> = O['response'] extends z.ZodType
  ? z.input<O['response']>
  : undefined;
