/** Fields of every log line within a piece of work, kept in AsyncLocalStorage instead of being passed along. */
import { AsyncLocalStorage } from 'node:async_hooks';

export interface LogContext {
  readonly requestId?: string;
  /** The client's own id for its request. */
  readonly clientRequestId?: string;
  readonly traceparent?: string;
  /** Travels beside `traceparent`, and is in no log line. */
  readonly tracestate?: string;
  readonly projectId?: string;
}

const storage = new AsyncLocalStorage<LogContext>();

/** Runs `work` (and everything it starts) with the given context instead of the surrounding one. */
export function withLogContext<T>(context: LogContext, work: () => T): T {
  return storage.run(context, work);
}

export function logContext(): LogContext | undefined {
  return storage.getStore();
}
