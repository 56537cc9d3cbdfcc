import pg from 'pg';
import type { ClientConfig, DatabaseError } from 'pg';
import { StatementNames } from './statement-names.ts';

const READ_TIMEOUT = 'Query read timeout';
/** As TypeORM sends it. */
const BEGIN = 'START TRANSACTION';
const BEGUN = { command: 'START', rowCount: null, oid: 0, fields: [], rows: [] };

/** Errors of a prepared statement: its result has another type since its tables were changed, or the server does not have it. */
const STALE_STATEMENT = new Set(['0A000', '26000']);

/**
 * A pg client for a pool that must survive any failure of its server. With `pipeline: true`, a transaction begins without waiting
 * for the server: its first statements are sent with it, in one write. Statements with parameters that are used often are prepared.
 */
export class SteadyClient extends pg.Client {
  readonly #names = new StatementNames();
  #isCorked = false;

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
    if (this.pipeline) this.#cork();
    const [text, values] = args;
    const name =
      typeof text === 'string' && args.length === 2 && Array.isArray(values) ? this.#names.use(text) : undefined;
    const result = (super.query as (...args: unknown[]) => unknown).apply(
      this,
      name === undefined ? args : [{ name, text, values }],
    );
    if (!(result instanceof Promise)) return result;
    if (this.pipeline && text === BEGIN) {
      // The statements after it must not run outside of the transaction.
      result.catch(() => this.#destroy());
      return Promise.resolve(BEGUN);
    }
    result.catch((error: unknown) => {
      if (!(error instanceof Error)) return;
      const isStale = name !== undefined && STALE_STATEMENT.has((error as DatabaseError).code ?? '');
      if (isStale || error.message === READ_TIMEOUT) this.#destroy();
    });
    return result;
  }) as typeof pg.Client.prototype.query;

  /** Until the code that runs now waits for something else: several writes would also be several responses of the server. */
  #cork(): void {
    if (this.#isCorked) return;
    this.#isCorked = true;
    const { stream } = this.connection;
    stream.cork();
    process.nextTick(() => {
      this.#isCorked = false;
      stream.uncork();
    });
  }

  #destroy(): void {
    // Marks the connection as ending, so the pool does not reuse it; with a query in progress, end() destroys the
    // socket.
    this.end().catch(() => {});
  }
}
