/** A client of the API, typed by the operations themselves: what is sent and what comes back follows from their schemas. */
import type { z } from 'zod';
import type { OperationDefinition, ResponseOf } from '../operation/define-operation.ts';
import { encodeQuery } from '../operation/query-string.ts';
import { apiErrorOf } from './api-error.ts';
import { eventsOf } from './event-stream.ts';

export interface ClientOptions {
  /** As OpenAI's SDKs take it: with `/v1` at its end, such as `http://127.0.0.1:8080/proj_1/chat/v1`. */
  readonly baseUrl: string;
  readonly apiKey: string;
  /** Default: the one of the platform. */
  readonly fetch?: typeof fetch;
}

type Given<S, Name extends string> = S extends z.ZodType ? { readonly [N in Name]: z.input<S> } : object;
/** A query may be left out as a whole. */
type MayBeGiven<S, Name extends string> = S extends z.ZodType ? { readonly [N in Name]?: z.input<S> } : object;

export type Input<O extends OperationDefinition> = Given<O['params'], 'params'> &
  MayBeGiven<O['query'], 'query'> &
  MayBeGiven<O['headers'], 'headers'> &
  (O['isRequestOptional'] extends true ? MayBeGiven<O['request'], 'body'> : Given<O['request'], 'body'>) & {
    readonly signal?: AbortSignal;
  };

/** Operations on forms and bytes are not for this client. */
type Callable = OperationDefinition & { readonly files?: never; readonly response: z.ZodType };
type Streamable = OperationDefinition & { readonly events: z.ZodType };

/** Input, where there is none that is required. */
type Args<O extends OperationDefinition> = object extends Input<O> ? [input?: Input<O>] : [input: Input<O>];

export interface Client {
  /** @throws {ApiError} when the response is an error. */
  call<O extends Callable>(operation: O, ...args: Args<O>): Promise<ResponseOf<O>>;
  /**
   * The data of each event, until `[DONE]`. Add what makes it a stream to the body: `stream: true`.
   * @throws {ApiError} when the response is an error; where a stream breaks off, the last event tells.
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
  // The version is in the base URL and in the path.
  const root = baseUrl.replace(/\/v1\/?$/, '');
  const base = permission === null ? new URL(root).origin : root;
  const filled = path.replaceAll(/\{\+?(\w+)\}/g, (_, name: string) => encodeURIComponent(String(params[name])));
  return base + filled + encodeQuery(query);
}
