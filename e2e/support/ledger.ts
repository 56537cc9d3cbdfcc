/** Reads the usage ledger from the database of the auth service. */
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

/** A row with the kind of its request. */
export type KindRow = LedgerRow & { readonly kind: string };

/** A row with its source. */
export type SourceRow = LedgerRow & { readonly source: 'gateway' | 'worker'; readonly estimated: boolean };

const COLUMNS = 'request_id, outcome, streamed, prompt_tokens::int, cached_tokens::int, completion_tokens::int';

export class Ledger {
  readonly #databaseUrl: string;

  constructor(databaseUrl: string) {
    this.#databaseUrl = databaseUrl;
  }

  rows(requestIds: readonly string[]): Promise<LedgerRow[]> {
    return this.#select<LedgerRow>(COLUMNS, requestIds);
  }

  rowsWithPriority(requestIds: readonly string[]): Promise<(LedgerRow & { readonly priority: string })[]> {
    return this.#select(`${COLUMNS}, priority`, requestIds);
  }

  rowsWithSource(requestIds: readonly string[]): Promise<SourceRow[]> {
    return this.#select<SourceRow>(`${COLUMNS}, source, estimated`, requestIds);
  }

  /** The completion tokens of all requests. */
  async completionTokens(): Promise<number> {
    const [row] = await this.#query<{ tokens: number }>(
      'SELECT coalesce(sum(completion_tokens), 0)::int AS tokens FROM auth.usage_event',
      [],
    );
    return row?.tokens ?? 0;
  }

  #select<R extends object>(columns: string, requestIds: readonly string[]): Promise<R[]> {
    return this.#query<R>(`SELECT ${columns} FROM auth.usage_event WHERE request_id = ANY($1) ORDER BY id`, [
      requestIds,
    ]);
  }

  async #query<R extends object>(text: string, parameters: readonly unknown[]): Promise<R[]> {
    // One connection per query, since tests kill the database in between.
    const client = new pg.Client({ connectionString: this.#databaseUrl });
    client.on('error', () => undefined);
    await client.connect();
    try {
      const { rows } = await client.query<R>(text, [...parameters]);
      return rows;
    } finally {
      await client.end();
    }
  }

  /** Waits until each request has a row, and returns all rows in the order of the requests. */
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

  /** As {@link settled}, for one request and with the kind. */
  async settledWithKind(requestId: string): Promise<KindRow[]> {
    await this.settled([requestId]);
    return this.#select<KindRow>(`kind, ${COLUMNS}`, [requestId]);
  }
}
