import type { Logger } from '@xerotier/log';

/** A restart of the database breaks all idle connections within milliseconds of each other: one line is enough. */
const BURST_MS = 1_000;

/** What a pool calls for each connection that breaks while nobody uses it. The pool opens a new one when it needs it. */
export function lossReporter(log: Logger, now: () => number = () => performance.now()): (error: unknown) => void {
  let quietUntilMs = -Infinity;
  return (error) => {
    const nowMs = now();
    if (nowMs < quietUntilMs) return;
    quietUntilMs = nowMs + BURST_MS;
    log.warn('the connection to the database broke; the next query opens a new one', { error });
  };
}
