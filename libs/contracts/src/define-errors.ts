import type { PublicErrorCode, PublicErrors } from '@xerotier/public-api/errors';

/** One row of the error table. Its key is the code that crosses the bus and appears in logs. */
interface ErrorRow<Code extends PublicErrorCode> {
  /** What a client of the HTTP API reads as `code`. */
  readonly publicCode: Code;
  /** Of the public code: a row with another one does not compile. */
  readonly status: PublicErrors[Code]['status'];
  /** Whether the same request may succeed when it is sent again, here or elsewhere. */
  readonly retryable: boolean;
  /**
   * What logs and other services read. `{names}` are filled from the details of the error, and only from there.
   * Without a `publicMessage` clients read it too.
   */
  readonly message: string;
  /**
   * What a client reads instead, where `message` names what is inside: subjects, hosts, tables, workers. Filled like `message`,
   * from the same details.
   */
  readonly publicMessage?: string;
}

export type ErrorDefinition = { [Code in PublicErrorCode]: ErrorRow<Code> }[PublicErrorCode];

/** For outages inside: a client can do nothing about which part it was. */
export const TEMPORARILY_UNAVAILABLE = 'The service is temporarily unavailable. Try again later.';
/** For defects inside. */
export const SERVER_ERROR = 'The server had an error while processing the request.';
/** For a full worker: the queue and other workers are the platform's business. */
export const AT_CAPACITY = 'The model is at capacity. Try again later.';
/** For a response that broke off. */
export const INTERRUPTED = 'The response was interrupted. Try again.';

export function defineErrors<T extends Record<string, ErrorDefinition>>(table: T): T {
  return table;
}
