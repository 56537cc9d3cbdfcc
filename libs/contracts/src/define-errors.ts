/** One row of the error table. The key of a row is the code that crosses the bus and appears in logs. */
import type { PublicErrorCode, PublicErrors } from '@xerotier/public-api/errors';

interface ErrorRow<Code extends PublicErrorCode> {
  /** What a client of the HTTP API reads as `code`. */
  readonly publicCode: Code;
  /** Of the public code: a row with another one does not compile. */
  readonly status: PublicErrors[Code]['status'];
  /** Whether the same request may succeed when it is sent again, here or elsewhere. */
  readonly retryable: boolean;
  /** `{names}` are filled from the details of the error, and only from there. */
  readonly message: string;
}

export type ErrorDefinition = { [Code in PublicErrorCode]: ErrorRow<Code> }[PublicErrorCode];

export function defineErrors<T extends Record<string, ErrorDefinition>>(table: T): T {
  return table;
}
