import pg from 'pg';
import type { ClientConfig } from 'pg';

const READ_TIMEOUT = 'Query read timeout';
/** As TypeORM sends it. */
const BEGIN = 'START TRANSACTION';
const BEGUN = { command: 'START', rowCount: null, oid: 0, fields: [], rows: [] };

/**
 * A pg client for a pool that must survive any failure of its server. With `pipeline: true`, a transaction begins without waiting
 * for the server: its first statement is sent right after.
 */
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
    if (!(result instanceof Promise)) return result;
    if (this.pipeline && args[0] === BEGIN) {
      // The statements after it must not run outside of the transaction.
      result.catch(() => this.#destroy());
      return Promise.resolve(BEGUN);
    }
    result.catch((error: unknown) => {
      if (error instanceof Error && error.message === READ_TIMEOUT) this.#destroy();
    });
    return result;
  }) as typeof pg.Client.prototype.query;

  #destroy(): void {
    // Marks the connection as ending, so the pool does not reuse it; with a query in progress, end() destroys the
    // socket.
    this.end().catch(() => {});
  }
}
