/**
 * A client of the public API that exposes what the official SDK hides. It checks that every response has a request id and a
 * body that conforms to the OpenAI document; errors must have all four fields.
 */
import { EventStream } from './event-stream.ts';
import type { StreamError, Usage } from './event-stream.ts';
import { OpenaiSchema } from './openai-schema.ts';
import type { SchemaName } from './openai-schema.ts';

export interface ChatBody {
  model?: unknown;
  messages?: unknown;
  [param: string]: unknown;
}

export interface RequestOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** Default: the API key of the client; `null` sends none. */
  readonly key?: string | null;
  readonly signal?: AbortSignal;
}

export interface ApiResponse<T = unknown> {
  readonly status: number;
  readonly headers: Headers;
  readonly requestId: string;
  readonly body: T;
}

export interface Completion {
  readonly id: string;
  readonly object: string;
  readonly created: number;
  readonly model: string;
  readonly service_tier: string;
  readonly system_fingerprint?: string;
  readonly choices: readonly {
    readonly index: number;
    readonly message: { readonly role: string; readonly content: string; readonly refusal: null };
    readonly logprobs: null;
    readonly finish_reason: string;
  }[];
  readonly usage: Usage;
}

export interface ErrorBody {
  readonly error: StreamError & { readonly retry_after?: number; readonly retry_strategy?: string };
}

export interface ApiTarget {
  /** `http://127.0.0.1:8080` */
  readonly baseUrl: string;
  readonly projectId: string;
  readonly endpointSlug: string;
  readonly apiKey: string;
}

/** Longer than any request may take; it fails requests that hang. */
const TIMEOUT_MS = 60_000;

export class ApiClient {
  readonly target: ApiTarget;
  readonly schema: OpenaiSchema;

  constructor(target: ApiTarget, schema: OpenaiSchema = new OpenaiSchema()) {
    this.target = target;
    this.schema = schema;
  }

  /** Returns a client with changes to the target. */
  with(changes: Partial<ApiTarget>): ApiClient {
    return new ApiClient({ ...this.target, ...changes }, this.schema);
  }

  get endpointUrl(): string {
    const { baseUrl, projectId, endpointSlug } = this.target;
    return `${baseUrl}/${projectId}/${endpointSlug}/v1`;
  }

  get projectUrl(): string {
    return `${this.target.baseUrl}/${this.target.projectId}/v1`;
  }

  /** Creates a completion. @throws {Error} with the body, unless the status is 200. */
  async chat(body: ChatBody, options: RequestOptions = {}): Promise<ApiResponse<Completion>> {
    const response = await this.post(body, options);
    if (response.status !== 200) throw new Error(`${response.status}: ${JSON.stringify(response.body)}`);
    return response as ApiResponse<Completion>;
  }

  /** Creates a streamed completion. @throws {Error} with the body, unless the status is 200. */
  async stream(body: ChatBody, options: RequestOptions = {}): Promise<EventStream> {
    const abort = new AbortController();
    const signal = options.signal === undefined ? abort.signal : AbortSignal.any([abort.signal, options.signal]);
    const response = await this.#send(
      `${this.endpointUrl}/chat/completions`,
      'POST',
      { ...body, stream: true },
      {
        ...options,
        signal,
      },
    );
    if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
    return new EventStream(response, this.schema, abort);
  }

  /** Sends a chat request and returns any response. */
  post(body: unknown, options: RequestOptions = {}): Promise<ApiResponse<Completion | ErrorBody>> {
    return this.request('POST', `${this.endpointUrl}/chat/completions`, 'CreateChatCompletionResponse', body, options);
  }

  /** Sends a chat request that must be rejected. @throws {Error} when the status is 200. */
  async rejected(body: unknown, options: RequestOptions = {}): Promise<ApiResponse<ErrorBody>> {
    const response = await this.post(body, options);
    if (response.status === 200) throw new Error(`expected a rejected request, got: ${JSON.stringify(response.body)}`);
    return response as ApiResponse<ErrorBody>;
  }

  get<T>(url: string, schemaName: SchemaName, options: RequestOptions = {}): Promise<ApiResponse<T>> {
    return this.request<T>('GET', url, schemaName, undefined, options);
  }

  /** @param schemaName undefined for operations that are not in the OpenAI document; errors are always validated. */
  async request<T>(
    method: string,
    url: string,
    schemaName: SchemaName | undefined,
    body?: unknown,
    options: RequestOptions = {},
  ): Promise<ApiResponse<T>> {
    const response = await this.#send(url, method, body, {
      ...options,
      signal: options.signal ?? AbortSignal.timeout(TIMEOUT_MS),
    });
    const text = await response.text();
    const parsed: unknown = method === 'HEAD' ? undefined : JSON.parse(text);
    const expected = response.ok ? schemaName : 'ErrorResponse';
    if (method !== 'HEAD' && expected !== undefined) this.schema.expectValid(expected, parsed);
    const requestId = response.headers.get('x-request-id') ?? '';
    if (!/^req_[A-Za-z0-9_-]{8,}$/.test(requestId))
      throw new Error(`${method} ${url} has the request id '${requestId}'`);
    return { status: response.status, headers: response.headers, requestId, body: parsed as T };
  }

  #send(url: string, method: string, body: unknown, { headers, key, signal }: RequestOptions): Promise<Response> {
    const bearer = key === undefined ? this.target.apiKey : key;
    return fetch(url, {
      method,
      headers: {
        ...(bearer !== null && { authorization: `Bearer ${bearer}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      ...(signal !== undefined && { signal }),
    });
  }
}

/** A chat request whose last message is a directive for the scripted engine. */
export function scripted(script: Readonly<Record<string, unknown>>, params: ChatBody = {}): ChatBody {
  return {
    model: 'scripted',
    messages: [{ role: 'user', content: `Say it. [[script ${JSON.stringify(script)}]]` }],
    ...params,
  };
}

/** Returns what the scripted engine generates for `count` tokens. */
export function numberedTokens(count: number): string {
  return Array.from({ length: count }, (_, i) => `tok${i} `).join('');
}
