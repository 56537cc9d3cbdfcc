import type { PublicErrorCode, PublicErrors } from '@xerotier/public-api/errors';

/** One row of the error table. Its key is the code that crosses the bus and appears in logs. */
interface ErrorRow<Code extends PublicErrorCode> {
  /** The `code` that a client of the HTTP API receives. */
  readonly publicCode: Code;
  /** The HTTP status of the public code; any other does not compile. */
  readonly status: PublicErrors[Code]['status'];
  /** Whether the same request may succeed when it is retried, here or elsewhere. */
  readonly retryable: boolean;
  /**
   * Message for logs and other services, and for clients unless there is a `publicMessage`. `{names}` are filled from the
   * details of the error, and only from there.
   */
  readonly message: string;
  /**
   * Message for clients where `message` names internals: subjects, hosts, tables, workers. Filled like `message`, from the
   * same details.
   */
  readonly publicMessage?: string;
}

export type ErrorDefinition = { [Code in PublicErrorCode]: ErrorRow<Code> }[PublicErrorCode];

/** Public message of internal outages. Which component failed is of no use to a client. */
export const TEMPORARILY_UNAVAILABLE = 'The service is temporarily unavailable. Try again later.';
/** Public message of internal errors. */
export const SERVER_ERROR = 'The server had an error while processing the request.';
/** Public message when workers are busy. Workers and their queue are internals. */
export const AT_CAPACITY = 'The model is at capacity. Try again later.';
/** Public message when a response was interrupted. */
export const INTERRUPTED = 'The response was interrupted. Try again.';

export function defineErrors<T extends Record<string, ErrorDefinition>>(table: T): T {
  return table;
}
