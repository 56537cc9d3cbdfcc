/** One row of the error table. The key of a row is the code that crosses the bus and appears in logs. */
export interface ErrorDefinition {
  readonly status: number;
  /** What a client of the HTTP API reads as `code`. */
  readonly publicCode: string;
  /** Whether the same request may succeed when it is sent again, here or elsewhere. */
  readonly retryable: boolean;
  /** `{names}` are filled from the details of the error, and only from there. */
  readonly message: string;
}

export function defineErrors<T extends Record<string, ErrorDefinition>>(table: T): T {
  return table;
}
