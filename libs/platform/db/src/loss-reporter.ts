import type { Logger } from '@xerotier/log';

/** A restart of the database breaks all idle connections within milliseconds: one log line is enough. */
const BURST_MS = 1_000;

/**
 * Creates the error handler of a pool: it is called for each idle connection that breaks. The pool opens a new one on
 * demand.
 */
export function lossReporter(log: Logger, now: () => number = () => performance.now()): (error: unknown) => void {
  let quietUntilMs = -Infinity;
  return (error) => {
    const nowMs = now();
    if (nowMs < quietUntilMs) return;
    quietUntilMs = nowMs + BURST_MS;
    log.warn('database connection lost', { error });
  };
}
