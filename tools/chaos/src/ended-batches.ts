/** Reads what `checkBatches` compares, from a platform that runs. */
import { eventually } from '@xerotier/testing';
import type OpenAI from 'openai';
import pg from 'pg';
import { checkBatches } from './check-batches.ts';
import type { BatchFindings, BatchResults, LedgerEntry } from './check-batches.ts';

export interface KnownBatch {
  readonly id: string;
  /** Of its input. */
  readonly customIds: readonly string[];
}

export interface EndedBatches {
  readonly openai: OpenAI;
  readonly databaseUrl: string;
  readonly projectId: string;
  /** All batches of the project, which have all ended. */
  readonly batches: readonly KnownBatch[];
}

export interface CheckedBatches {
  readonly findings: BatchFindings;
  /** Rows and tokens of batches that work on them leaves behind: chunks, results, and enqueued tokens. */
  readonly remains: number;
  /** Number of lines in the output files. */
  readonly succeeded: number;
}

/** How long the ledger may take to get what is in the outbox, after everything that was killed runs again. */
const LEDGER_TIMEOUT_MS = 120_000;

/** Waits until usage has arrived in the ledger, then checks all batches of a project. */
export async function checkEndedBatches(ended: EndedBatches): Promise<CheckedBatches> {
  const { openai, databaseUrl, projectId, batches } = ended;
  const results: BatchResults[] = [];
  for (const batch of batches) results.push(await readResults(openai, batch));
  const lines = results.reduce((sum, { counts }) => sum + counts.completed, 0);
  const settled = async (): Promise<LedgerEntry[] | undefined> => {
    const [waiting, ledger] = [await countEvents(databaseUrl), await readLedger(databaseUrl, projectId)];
    return waiting === 0 && ledger.length >= lines ? ledger : undefined;
  };
  // If it does not get them, the check says what is missing.
  const ledger =
    (await eventually('the ledger has the lines', settled, LEDGER_TIMEOUT_MS).catch(() => undefined)) ??
    (await readLedger(databaseUrl, projectId));
  return {
    findings: checkBatches(results, ledger),
    remains: await countRemains(databaseUrl, projectId),
    succeeded: lines,
  };
}

async function readResults(openai: OpenAI, { id, customIds }: KnownBatch): Promise<BatchResults> {
  const batch = await openai.batches.retrieve(id);
  const textOf = async (fileId: string | undefined | null): Promise<string> =>
    fileId ? (await openai.files.content(fileId)).text() : '';
  return {
    ...{ id, customIds },
    ...{ output: await textOf(batch.output_file_id), errors: await textOf(batch.error_file_id) },
    counts: batch.request_counts ?? { total: 0, completed: 0, failed: 0 },
    usage: { promptTokens: batch.usage?.input_tokens ?? 0, completionTokens: batch.usage?.output_tokens ?? 0 },
  };
}

function readLedger(databaseUrl: string, projectId: string): Promise<LedgerEntry[]> {
  return query<LedgerEntry>(
    databaseUrl,
    `SELECT request_id AS "requestId", prompt_tokens::int AS "promptTokens", completion_tokens::int AS "completionTokens"
     FROM auth.usage_event WHERE project_id = $1 AND priority = 'batch'`,
    [projectId],
  );
}

/** Events of the batch service that were not published, or not handled. */
async function countEvents(databaseUrl: string): Promise<number> {
  const [row] = await query<{ events: number }>(databaseUrl, 'SELECT count(*)::int AS events FROM batch.outbox', []);
  return row?.events ?? 0;
}

async function countRemains(databaseUrl: string, projectId: string): Promise<number> {
  const [row] = await query<{ remains: number }>(
    databaseUrl,
    `SELECT (SELECT count(*)::int FROM batch.batch_chunk WHERE project_id = $1)
       + (SELECT count(*)::int FROM batch.batch_result WHERE project_id = $1)
       + (SELECT coalesce(sum(tokens), 0)::int FROM batch.batch_allowance WHERE project_id = $1) AS remains`,
    [projectId],
  );
  return row?.remains ?? 0;
}

/** The lines of a batch that are done, from the database, since the services may not respond. */
export async function linesDone(databaseUrl: string, id: string): Promise<number> {
  const rows = await query<{ lines: number }>(
    databaseUrl,
    'SELECT lines_completed + lines_failed AS lines FROM batch.batch WHERE id = $1',
    [id],
  );
  return rows[0]?.lines ?? 0;
}

/** One connection per query, since the database is killed in between. */
async function query<R extends object>(databaseUrl: string, text: string, values: unknown[]): Promise<R[]> {
  const client = new pg.Client({ connectionString: databaseUrl });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<R>(text, values)).rows;
  } finally {
    await client.end();
  }
}
