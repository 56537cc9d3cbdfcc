/** Reads what an audio or image response says of its own usage and failures, while its bytes pass by. */
import { emptyUsage } from '@xerotier/contracts/inference';
import type { TokenUsage } from '@xerotier/contracts/inference';
import { SseParser } from './sse-parser.ts';
import { asObject } from './upstream-json.ts';
import { readUsageReport, usageFrom } from './upstream-usage.ts';

/** An event can hold a whole image. */
const EVENT_LENGTH_MAX = 32 * 2 ** 20;
/** Nothing can be counted in a sound or an image. */
const NO_ESTIMATE = { promptTokens: 0, completionTokens: 0, reasoningTokens: 0 };

/** The usage in a body or an event; nothing where there is none, or where it is not in tokens. */
export function mediaUsageIn(body: unknown): TokenUsage | undefined {
  const report = readUsageReport(asObject(body)?.['usage']);
  if (report === undefined) return undefined;
  const { promptTokens, completionTokens } = usageFrom(report, NO_ESTIMATE);
  // A sum that nobody divides is of the prompt, which is what there is in any case.
  const undivided = promptTokens + completionTokens === 0 ? (report.totalTokens ?? 0) : 0;
  return { ...emptyUsage(), promptTokens: promptTokens + undivided, completionTokens };
}

/** Follows the events of a stream: the usage of the last that names any, and those that may be errors. */
export class MediaEvents {
  latest = emptyUsage();
  /** Complete events so far. */
  count = 0;
  readonly #parser = new SseParser(EVENT_LENGTH_MAX);
  readonly #throwError: (event: unknown) => void;

  /** `refuseError` throws when an event is an error. */
  constructor(throwError: (event: unknown) => void) {
    this.#throwError = throwError;
  }

  /** @throws an Error when an event is longer than one may be, and what `refuseError` throws. */
  push(bytes: Uint8Array): void {
    for (const data of this.#parser.push(bytes)) this.#read(data);
  }

  /** What is left when the stream is over. @throws as `push`. */
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
      // The client gets it as it is; it only says nothing of its usage.
      return;
    }
    this.latest = mediaUsageIn(event) ?? this.latest;
    this.#throwError(event);
  }
}

const MAY_BE_ERROR = /"(?:error|detail|message)"/;
/** An event with an image in it need not be read for this. */
const ERROR_LENGTH_MAX = 4_096;
