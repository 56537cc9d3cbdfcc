/** Reads what an audio or image answer says of its own usage, while its bytes pass by. */
import type { TokenUsage } from '@xerotier/contracts';
import { noUsage } from '../usage.ts';
import { SseParser } from './sse-parser.ts';

/** An event can hold a whole image. */
const EVENT_LENGTH_MAX = 32 * 2 ** 20;

/** The usage in a body or an event; nothing where there is none, or where it is not in tokens. */
export function mediaUsageIn(body: unknown): TokenUsage | undefined {
  const { usage } = (body ?? {}) as { usage?: unknown };
  if (typeof usage !== 'object' || usage === null) return undefined;
  const count = (...names: string[]): number => {
    const value = names.map((name) => (usage as Record<string, unknown>)[name]).find((found) => found !== undefined);
    return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : 0;
  };
  return {
    ...noUsage(),
    promptTokens: count('input_tokens', 'prompt_tokens'),
    completionTokens: count('output_tokens', 'completion_tokens'),
  };
}

/** The usage of the last event of a stream that names any. */
export class StreamUsage {
  latest = noUsage();
  readonly #parser = new SseParser(EVENT_LENGTH_MAX);

  /** @throws an Error when an event is longer than one may be. */
  push(bytes: Uint8Array): void {
    for (const data of this.#parser.push(bytes)) this.#read(data);
  }

  /** What is left when the stream is over. */
  end(): void {
    for (const data of this.#parser.end()) this.#read(data);
  }

  #read(data: string): void {
    if (!data.includes('"usage"')) return;
    try {
      this.latest = mediaUsageIn(JSON.parse(data)) ?? this.latest;
    } catch {
      // The client gets it as it is; it only says nothing of its usage.
    }
  }
}
