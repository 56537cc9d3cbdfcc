/** A client of the stored chat completions of an endpoint or of its project. */
import { createClient } from '@xerotier/public-api/client';
import { getChatCompletionMessages } from '@xerotier/public-api/stored-completions';
import type { ApiResponse, ApiClient, Completion, ErrorBody } from './api-client.ts';

export interface Stored extends Completion {
  readonly request_id: string;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface List<T = Stored> {
  readonly object: string;
  readonly data: readonly T[];
  readonly first_id: string;
  readonly last_id: string;
  readonly has_more: boolean;
}

type Query = Readonly<Record<string, string>>;

const COMPLETION = 'CreateChatCompletionResponse';

export class StoredClient {
  readonly api: ApiClient;
  readonly #baseUrl: string;
  readonly #url: string;

  constructor(api: ApiClient, baseUrl: string = api.endpointUrl) {
    this.api = api;
    this.#baseUrl = baseUrl;
    this.#url = `${baseUrl}/chat/completions`;
  }

  /** Returns a client with the base URL of the project. */
  inProject(): StoredClient {
    return new StoredClient(this.api, this.api.projectUrl);
  }

  async list(query: Query = {}): Promise<List> {
    const url = `${this.#url}?${new URLSearchParams(query).toString()}`;
    return expectOk(await this.api.get<List>(url, 'ChatCompletionList')).body;
  }

  async get(id: string): Promise<ApiResponse<Stored>> {
    return expectOk(await this.api.get<Stored>(`${this.#url}/${id}`, COMPLETION));
  }

  /** Not validated against the OpenAI document, which only allows the role assistant here. */
  async messages(id: string, query: Query = {}): Promise<List<{ readonly id: string }>> {
    const client = createClient({ baseUrl: this.#baseUrl, apiKey: this.api.target.apiKey });
    const { order, ...rest } = query;
    return client.call(getChatCompletionMessages, {
      params: { completion: id },
      query: { ...rest, ...(order !== undefined && { order: order as 'asc' | 'desc' }) },
    });
  }

  async update(id: string, body: object): Promise<ApiResponse<Stored>> {
    return expectOk(await this.api.request<Stored>('POST', `${this.#url}/${id}`, COMPLETION, body));
  }

  async delete(id: string): Promise<ApiResponse<unknown>> {
    return expectOk(await this.api.request('DELETE', `${this.#url}/${id}`, 'ChatCompletionDeleted'));
  }

  /** Sends a request that must be rejected; the path is relative to the collection. */
  async rejected(method: string, path: string, body?: unknown, key?: string | null): Promise<ApiResponse<ErrorBody>> {
    const url = path.startsWith('?') ? `${this.#url}${path}` : `${this.#url}/${path}`;
    const response = await this.api.request<ErrorBody>(method, url, 'ErrorResponse', body, {
      ...(key !== undefined && { key }),
    });
    if (response.status < 400) throw new Error(`expected a rejected request, got: ${JSON.stringify(response.body)}`);
    return response;
  }
}

function expectOk<T>(response: ApiResponse<T>): ApiResponse<T> {
  if (response.status !== 200) throw new Error(`${response.status}: ${JSON.stringify(response.body)}`);
  return response;
}
