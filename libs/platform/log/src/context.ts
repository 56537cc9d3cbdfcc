/** What every log line of a piece of work carries, without being passed along: kept in AsyncLocalStorage. */
import { AsyncLocalStorage } from 'node:async_hooks';

export interface LogContext {
  readonly requestId?: string;
  /** What the client calls its request. */
  readonly clientRequestId?: string;
  readonly traceparent?: string;
  readonly projectId?: string;
}

const storage = new AsyncLocalStorage<LogContext>();

/** Runs `work` (and what it starts) with the given context instead of the surrounding one. */
export function withLogContext<T>(context: LogContext, work: () => T): T {
  return storage.run(context, work);
}

export function logContext(): LogContext | undefined {
  return storage.getStore();
}
