import type { TokenUsage } from '@xerotier/contracts/inference';
import type { GenerationHead } from '@xerotier/contracts/xim';
import type { AppError } from '@xerotier/errors';

/**
 * Receives a response on its way from a worker to the client. `head` is called once, before the first data; exactly one of
 * `end` and `error` is called, last.
 */
export interface ResponseSink<Head = GenerationHead, End = TokenUsage> {
  head(head: Head): void;
  /** @param payload a data frame of the operation (see `workerContract`), of one choice; valid only during the call. */
  data(payload: Uint8Array, choiceIndex: number): void;
  /** Discards the received data: head and data are sent again. Only for repeatable work. */
  restart?(): void;
  /** The tokens of each input of `embed`, before the end, if the engine counts them one by one. */
  inputTokens?(tokens: readonly number[]): void;
  end(end: End): void;
  error(error: AppError): void;
}
