/**
 * Callers on the bus give up after about 2 s, so a query learns earlier than that that there is no connection to be
 * had; a statement that runs longer than this does not belong into a request.
 */
export const serviceBounds = { connectTimeoutMs: 1_500, statementTimeoutMs: 5_000 } as const;

/** How long a starting process waits for a database that is not up. */
export const defaultWaitMs = 60_000;
