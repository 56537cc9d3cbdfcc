/**
 * Callers on the bus time out after about 2 s, so a query must fail earlier than that when no connection is available.
 * A longer statement does not belong in a request.
 */
export const serviceBounds = { connectTimeoutMs: 1_500, statementTimeoutMs: 5_000 } as const;

/** How long a starting process waits for the database. */
export const defaultWaitMs = 60_000;
