import type { TokenUsage } from '@xerotier/contracts/inference';
import type { GenerationHead } from '@xerotier/contracts/xim';
import type { AppError } from '@xerotier/errors';

/**
 * Receives a response, on its way from a worker to the client. `head` comes once, before the first data; exactly one of `end`
 * and `error` comes, last.
 */
export interface ResponseSink<Head = GenerationHead, End = TokenUsage> {
  head(head: Head): void;
  /** What a data frame of the operation holds (see `workerContract`), always of one choice; only valid during the call. */
  data(payload: Uint8Array, choiceIndex: number): void;
  /** What came is void: head and all data come again. Only of work that is repeatable. */
  restart?(): void;
  end(end: End): void;
  error(error: AppError): void;
}
