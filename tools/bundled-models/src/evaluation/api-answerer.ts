/** Asks a server through the OpenAI API, as any client would. */
import type { HeldOutItem } from '../conversation.ts';
import type { Answer, Answerer } from './answer.ts';

const TOKENS_MAX = 400;
const TRIES_MAX = 5;

export interface ApiOptions {
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly model: string;
  readonly temperature: number;
}

interface Completion {
  readonly choices: readonly {
    readonly message: {
      readonly content: string | null;
      readonly tool_calls?: readonly { readonly function: { readonly name: string; readonly arguments: string } }[];
    };
  }[];
  readonly usage: { readonly completion_tokens: number };
}

export class ApiAnswerer implements Answerer {
  readonly #options: ApiOptions;

  constructor(options: ApiOptions) {
    this.#options = options;
  }

  async answer({ messages, tools, response_format }: HeldOutItem): Promise<Answer> {
    const { model, temperature } = this.#options;
    const { choices, usage } = await this.#post({
      model,
      messages,
      tools,
      response_format,
      temperature,
      max_tokens: TOKENS_MAX,
    });
    const message = choices[0]?.message;
    return {
      content: message?.content ?? '',
      calls: (message?.tool_calls ?? []).map((call) => call.function),
      completionTokens: usage.completion_tokens,
    };
  }

  async close(): Promise<void> {
    // Nothing is held open.
  }

  /** A server that is busy, or a tier with a limit, says when to come again. */
  async #post(body: Record<string, unknown>): Promise<Completion> {
    const { baseUrl, apiKey } = this.#options;
    for (let tries = 1; ; tries += 1) {
      const response = await fetch(`${baseUrl}/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      if (response.ok) return (await response.json()) as Completion;
      const text = await response.text();
      if (tries === TRIES_MAX || (response.status !== 429 && response.status !== 503)) {
        throw new Error(`${response.status} ${text.slice(0, 300)}`);
      }
      const waitSeconds = Number(response.headers.get('retry-after') ?? 1);
      await new Promise((resolve) => setTimeout(resolve, waitSeconds * 1_000));
    }
  }
}
