/** A client of the API, typed by the operations: inputs and results are inferred from their schemas. */
import type { z } from 'zod';
import type { OperationDefinition, ResponseOf } from '../operation/define-operation.ts';
import { encodeQuery } from '../operation/query-string.ts';
import { apiErrorOf } from './api-error.ts';
import { eventsOf } from './event-stream.ts';

export interface ClientOptions {
  /** As for the OpenAI SDKs, with `/v1` at the end: `http://127.0.0.1:8080/proj_1/chat/v1`. */
  readonly baseUrl: string;
  readonly apiKey: string;
  /** Default: the global `fetch`. */
  readonly fetch?: typeof fetch;
}

type RequiredInput<S, Name extends string> = S extends z.ZodType ? { readonly [N in Name]: z.input<S> } : object;
type OptionalInput<S, Name extends string> = S extends z.ZodType ? { readonly [N in Name]?: z.input<S> } : object;

export type Input<O extends OperationDefinition> = RequiredInput<O['params'], 'params'> &
  OptionalInput<O['query'], 'query'> &
  OptionalInput<O['headers'], 'headers'> &
  (O['isRequestOptional'] extends true ? OptionalInput<O['request'], 'body'> : RequiredInput<O['request'], 'body'>) & {
    readonly signal?: AbortSignal;
  };

/** Operations with a JSON request and response. Forms and raw responses are not supported. */
type Callable = OperationDefinition & { readonly files?: never; readonly response: z.ZodType };
type Streamable = OperationDefinition & { readonly events: z.ZodType };

/** The input is optional if it has no required property. */
type Args<O extends OperationDefinition> = object extends Input<O> ? [input?: Input<O>] : [input: Input<O>];

export interface Client {
  /** @throws {ApiError} if the response is an error. */
  call<O extends Callable>(operation: O, ...args: Args<O>): Promise<ResponseOf<O>>;
  /**
   * Yields the data of each event until `[DONE]`. The body must have `stream: true`.
   * @throws {ApiError} if the response is an error. If the stream is interrupted, the last event is a stream error.
   */
  stream<O extends Streamable>(operation: O, ...args: Args<O>): AsyncGenerator<z.output<O['events']>, void, undefined>;
}

interface AnyInput {
  readonly params?: Readonly<Record<string, unknown>>;
  readonly query?: Parameters<typeof encodeQuery>[0];
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

export function createClient({ baseUrl, apiKey, fetch: send = fetch }: ClientOptions): Client {
  const request = async (operation: OperationDefinition, input: AnyInput = {}): Promise<Response> => {
    const { headers = {}, body, signal } = input;
    const response = await send(urlOf(baseUrl, operation, input), {
      method: operation.method.toUpperCase(),
      headers: {
        authorization: `Bearer ${apiKey}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(signal !== undefined && { signal }),
    });
    if (!response.ok) throw await apiErrorOf(response);
    return response;
  };
  return {
    call: async (operation, input?) => (await request(operation, input as AnyInput)).json() as never,
    stream: async function* (operation, input?) {
      const { body } = await request(operation, input as AnyInput);
      if (body !== null) yield* eventsOf(body) as AsyncGenerator<never>;
    },
  };
}

function urlOf(
  baseUrl: string,
  { path, permission }: OperationDefinition,
  { params = {}, query = {} }: AnyInput,
): string {
  // Both the base URL and the path contain the version.
  const root = baseUrl.replace(/\/v1\/?$/, '');
  const base = permission === null ? new URL(root).origin : root;
  const filled = path.replaceAll(/\{\+?(\w+)\}/g, (_, name: string) => encodeURIComponent(String(params[name])));
  return base + filled + encodeQuery(query);
}
