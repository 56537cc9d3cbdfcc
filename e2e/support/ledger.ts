/** The usage ledger, read where the auth service writes it. */
import { eventually } from '@xerotier/testing';
import pg from 'pg';

export interface LedgerRow {
  readonly request_id: string;
  readonly outcome: 'completed' | 'cancelled' | 'failed';
  readonly streamed: boolean;
  readonly prompt_tokens: number;
  readonly cached_tokens: number;
  readonly completion_tokens: number;
}

/** A row with what kind of work it was. */
export type KindRow = LedgerRow & { readonly kind: string };

const COLUMNS = 'request_id, outcome, streamed, prompt_tokens::int, cached_tokens::int, completion_tokens::int';

export class Ledger {
  readonly #databaseUrl: string;

  constructor(databaseUrl: string) {
    this.#databaseUrl = databaseUrl;
  }

  rows(requestIds: readonly string[]): Promise<LedgerRow[]> {
    return this.#select<LedgerRow>(COLUMNS, requestIds);
  }

  async #select<R extends object>(columns: string, requestIds: readonly string[]): Promise<R[]> {
    // A connection each time: the database is killed in between.
    const client = new pg.Client({ connectionString: this.#databaseUrl });
    client.on('error', () => undefined);
    await client.connect();
    try {
      const { rows } = await client.query<R>(
        `SELECT ${columns} FROM auth.usage_event WHERE request_id = ANY($1) ORDER BY id`,
        [requestIds],
      );
      return rows;
    } finally {
      await client.end();
    }
  }

  /** Waits until there is a row for each of the requests, and returns all there are, in the order of the requests. */
  async settled(requestIds: readonly string[], timeoutMs = 20_000): Promise<LedgerRow[]> {
    const rows = await eventually(
      'the ledger has a row for every request',
      async () => {
        const found = await this.rows(requestIds);
        return new Set(found.map((row) => row.request_id)).size === new Set(requestIds).size ? found : undefined;
      },
      timeoutMs,
    );
    return rows.toSorted((a, b) => requestIds.indexOf(a.request_id) - requestIds.indexOf(b.request_id));
  }

  /** As `settled`, for one request. */
  async settledOfKind(requestId: string): Promise<KindRow[]> {
    await this.settled([requestId]);
    return this.#select<KindRow>(`kind, ${COLUMNS}`, [requestId]);
  }
}
