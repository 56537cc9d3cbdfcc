/** Reads the usage and the errors of an audio or image response while it is streamed. */
import { emptyUsage } from '@xerotier/contracts/inference';
import type { TokenUsage } from '@xerotier/contracts/inference';
import { SseParser } from './sse-parser.ts';
import { asObject } from './upstream-json.ts';
import { readUsageReport, usageFrom } from './upstream-usage.ts';

/** An event can contain a whole image. */
const EVENT_LENGTH_MAX = 32 * 2 ** 20;
/** Tokens of audio and images cannot be estimated. */
const NO_ESTIMATE = { promptTokens: 0, completionTokens: 0, reasoningTokens: 0 };

/** Returns the usage of a body or an event; undefined when there is none, or when it is not in tokens. */
export function mediaUsageIn(body: unknown): TokenUsage | undefined {
  const report = readUsageReport(asObject(body)?.['usage']);
  if (report === undefined) return undefined;
  const { promptTokens, completionTokens } = usageFrom(report, NO_ESTIMATE);
  // A total without parts counts as prompt tokens, since there is always a prompt.
  const total = promptTokens + completionTokens === 0 ? (report.totalTokens ?? 0) : 0;
  return { ...emptyUsage(), promptTokens: promptTokens + total, completionTokens };
}

/** Follows the events of a stream: keeps the usage of the last event that has one, and throws on errors. */
export class MediaEvents {
  latest = emptyUsage();
  /** Number of complete events. */
  count = 0;
  readonly #parser = new SseParser(EVENT_LENGTH_MAX);
  readonly #throwError: (event: unknown) => void;

  /** @param throwError throws when an event is an error. */
  constructor(throwError: (event: unknown) => void) {
    this.#throwError = throwError;
  }

  /** @throws an Error when an event is too long, and the errors of `throwError`. */
  push(bytes: Uint8Array): void {
    for (const data of this.#parser.push(bytes)) this.#read(data);
  }

  /** Reads a last, unterminated event. @throws as `push`. */
  end(): void {
    for (const data of this.#parser.end()) this.#read(data);
  }

  #read(data: string): void {
    this.count += 1;
    if (!data.includes('"usage"') && !MAY_BE_ERROR.test(data.slice(0, ERROR_LENGTH_MAX))) return;
    let event: unknown;
    try {
      event = JSON.parse(data);
    } catch {
      // An invalid event is sent unchanged, but has no usage.
      return;
    }
    this.latest = mediaUsageIn(event) ?? this.latest;
    this.#throwError(event);
  }
}

const MAY_BE_ERROR = /"(?:error|detail|message)"/;
/** Longer events contain images. */
const ERROR_LENGTH_MAX = 4_096;
