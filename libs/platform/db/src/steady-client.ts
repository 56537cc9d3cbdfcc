import pg from 'pg';
import type { ClientConfig } from 'pg';

const READ_TIMEOUT = 'Query read timeout';

/** A pg client for a pool that must survive any failure of its server. */
export class SteadyClient extends pg.Client {
  constructor(config?: string | ClientConfig) {
    super(config);
    // While a connection passes from the pool to its user it has no listener for a moment, and an unhandled `error`
    // event would end the process. The connection is marked as broken, so the next query on it fails as usual.
    this.on('error', () => {});
  }

  /**
   * Closes the connection when the server does not respond. pg itself reports the timeout but keeps the connection, and
   * the pool then hands it to the next query, which waits behind the one that never ends.
   */
  // pg declares eight overloads; the arguments are passed through.
  override query = ((...args: unknown[]): unknown => {
    const result = (super.query as (...args: unknown[]) => unknown).apply(this, args);
    if (result instanceof Promise) result.catch((error: unknown) => this.#destroyOnTimeout(error));
    return result;
  }) as typeof pg.Client.prototype.query;

  #destroyOnTimeout(error: unknown): void {
    if (!(error instanceof Error) || error.message !== READ_TIMEOUT) return;
    // Marks the connection as ending, so the pool does not reuse it; with a query in progress, end() destroys the
    // socket.
    this.end().catch(() => {});
  }
}
