import pg from 'pg';

const READ_TIMEOUT = 'Query read timeout';

/**
 * A pg client that hangs up when its server stays silent. pg by itself reports the timeout but keeps the connection,
 * which the pool then hands to the next query, to wait behind the one that never ends.
 */
export class BoundedClient extends pg.Client {
  // pg declares eight overloads; this passes through whatever it gets.
  override query = ((...args: unknown[]): unknown => {
    const answer = (super.query as (...args: unknown[]) => unknown).apply(this, args);
    if (answer instanceof Promise) answer.catch((error: unknown) => this.#hangUpOnSilence(error));
    return answer;
  }) as typeof pg.Client.prototype.query;

  #hangUpOnSilence(error: unknown): void {
    if (!(error instanceof Error) || error.message !== READ_TIMEOUT) return;
    // Known to be ending from here on, so the pool does not take it back; with a query under way, end() cuts the socket.
    this.end().catch(() => {});
  }
}
