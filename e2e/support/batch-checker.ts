/**
 * Checks what a batch has left, whatever happened to the platform while it ran (DUR-1 to DUR-3 of docs/reliability.md): nothing lost,
 * nothing invented, nothing twice, and a ledger that has exactly the responses in the output.
 */
import { eventually } from '@xerotier/testing';
import pg from 'pg';
import type { BatchClient, OutputLine } from './batch-client.ts';
import { Ledger } from './ledger.ts';

export interface BatchFindings {
  /** Custom ids without a line in the files. */
  readonly lost: string[];
  /** Custom ids with several. */
  readonly repeated: string[];
  readonly invented: string[];
  /** Request ids of output lines that the ledger does not have, or with other numbers. */
  readonly unpaid: string[];
  /** Rows of the ledger for lines that are not in the output, of the project of the batch. */
  readonly overpaid: number;
  /** Rows of batches that have ended: chunks, results and enqueued tokens. */
  readonly remains: number;
  readonly succeeded: number;
}

export interface CheckOptions {
  readonly batches: BatchClient;
  readonly databaseUrl: string;
  readonly projectId: string;
  /** Of the input. */
  readonly customIds: readonly string[];
}

/** @param id of a batch that has ended; the only one of its project that ran. */
export async function checkBatch(id: string, options: CheckOptions): Promise<BatchFindings> {
  const { batches, databaseUrl, customIds } = options;
  const batch = await batches.openai.batches.retrieve(id);
  const [output, errors] = [await batches.lines(batch.output_file_id), await batches.lines(batch.error_file_id)];
  const seen = Map.groupBy([...output, ...errors], ({ custom_id: customId }) => customId);
  const expected = new Set(customIds);
  const requestIds = output.map(({ response }) => response?.request_id ?? '');
  const ledger = new Ledger(databaseUrl);
  await eventually(
    'the ledger has the lines of the batch',
    async () => (await ledger.rows(requestIds)).length >= new Set(requestIds).size || undefined,
    60_000,
  ).catch(() => undefined);
  const rows = new Map((await ledger.rows(requestIds)).map((row) => [row.request_id, row]));
  const matches = ({ response }: OutputLine): boolean => {
    const [row, usage] = [rows.get(response?.request_id ?? ''), response?.body.usage];
    return row?.prompt_tokens === usage?.prompt_tokens && row?.completion_tokens === usage?.completion_tokens;
  };
  const [counts] = await query<{ batchRows: number; remains: number }>(
    databaseUrl,
    `SELECT
       (SELECT count(*)::int FROM auth.usage_event WHERE project_id = $1 AND priority = 'batch') AS "batchRows",
       (SELECT count(*)::int FROM batch.batch_chunk WHERE batch_id = $2)
         + (SELECT count(*)::int FROM batch.batch_result WHERE batch_id = $2)
         + (SELECT coalesce(sum(tokens), 0)::int FROM batch.batch_allowance WHERE project_id = $1) AS remains`,
    [options.projectId, id],
  );
  return {
    lost: customIds.filter((customId) => !seen.has(customId)),
    repeated: [...seen].filter(([, lines]) => lines.length > 1).map(([customId]) => customId),
    invented: [...seen.keys()].filter((customId) => !expected.has(customId)),
    unpaid: output.filter((line) => !matches(line)).map(({ response }) => response?.request_id ?? ''),
    overpaid: (counts?.batchRows ?? 0) - rows.size,
    remains: counts?.remains ?? 0,
    succeeded: output.length,
  };
}

/** From the database, since the batch service may not respond. */
export async function completedLines(databaseUrl: string, id: string): Promise<number> {
  const rows = await query<{ lines: number }>(
    databaseUrl,
    'SELECT lines_completed AS lines FROM batch.batch WHERE id = $1',
    [id],
  );
  return rows[0]?.lines ?? 0;
}

async function query<R extends object>(databaseUrl: string, text: string, values: unknown[]): Promise<R[]> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    return (await client.query<R>(text, values)).rows;
  } finally {
    await client.end();
  }
}
