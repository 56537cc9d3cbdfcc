/** Requests and assertions shared by the chat suites. */
import type { ApiResponse, ChatBody, Completion, ErrorBody } from './api-client.ts';

/** A short request to the model with random weights. */
export function hello(params: ChatBody = {}): ChatBody {
  return { model: 'xero-random', messages: [{ role: 'user', content: 'Hello there' }], max_tokens: 8, ...params };
}

export function contentOf({ body }: ApiResponse<Completion>, index = 0): string {
  return body.choices[index]?.message.content ?? '';
}

/** @param param the invalid field, or a matcher where the exact path is unspecified. */
export function expectError(response: ApiResponse<ErrorBody>, status: number, code: string, param: unknown): void {
  expect({ status: response.status, ...response.body.error }).toMatchObject({ status, code, param });
}
