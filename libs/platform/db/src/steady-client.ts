import pg from 'pg';
import type { ClientConfig } from 'pg';

const READ_TIMEOUT = 'Query read timeout';

/** A pg client for a pool that has to live through everything that may happen to its server. */
export class SteadyClient extends pg.Client {
  constructor(config?: string | ClientConfig) {
    super(config);
    // Between the pool and whoever borrows a connection nobody listens for a moment, and an error that is reported to
    // nobody ends the process. The connection is marked as broken, so the next query on it fails in the ordinary way.
    this.on('error', () => {});
  }

  /**
   * Hangs up when the server stays silent. pg by itself reports the timeout but keeps the connection, which the pool
   * then hands to the next query, to wait behind the one that never ends.
   */
  // pg declares eight overloads; this passes through whatever it gets.
  override query = ((...args: unknown[]): unknown => {
    const result = (super.query as (...args: unknown[]) => unknown).apply(this, args);
    if (result instanceof Promise) result.catch((error: unknown) => this.#hangUpOnSilence(error));
    return result;
  }) as typeof pg.Client.prototype.query;

  #hangUpOnSilence(error: unknown): void {
    if (!(error instanceof Error) || error.message !== READ_TIMEOUT) return;
    // Known to be ending from here on, so the pool does not take it back; with a query under way, end() cuts the socket.
    this.end().catch(() => {});
  }
}
