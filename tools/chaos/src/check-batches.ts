/**
 * Compares what batches have left with their input and the ledger, whatever happened to the platform while they ran: nothing lost,
 * nothing invented, nothing twice, and a ledger that has exactly the results in the files. Reads nothing itself: ended-batches.ts does.
 */
import type { OutputLine } from './output-line.ts';

/** A batch that has ended. */
export interface BatchResults {
  readonly id: string;
  /** Of the input. */
  readonly customIds: readonly string[];
  /** The content of the output file; empty if there is none. */
  readonly output: string;
  /** The content of the error file; empty if there is none. */
  readonly errors: string;
  /** As the API reports them. */
  readonly counts: { readonly total: number; readonly completed: number; readonly failed: number };
  readonly usage: TokenCounts;
}

export interface TokenCounts {
  readonly promptTokens: number;
  readonly completionTokens: number;
}

/** A row of the ledger with the priority `batch`. */
export interface LedgerEntry extends TokenCounts {
  readonly requestId: string;
}

/** What is wrong, each list empty if nothing is. */
export interface BatchFindings {
  /** Lines of the files that are not results, by file and number: `batch_1 output:3`. */
  readonly unreadable: string[];
  /** Custom ids without a line in the files. */
  readonly lost: string[];
  /** Custom ids with several lines. */
  readonly repeated: string[];
  /** Custom ids that the input does not have. */
  readonly unknown: string[];
  /** Numbers that do not agree with the files or the ledger. */
  readonly miscounted: string[];
  /** Request ids of lines of the output that the ledger does not have, or that another line has too. */
  readonly unbilled: string[];
  /** Request ids whose row has other numbers of tokens than the line. */
  readonly misbilled: string[];
  /** Request ids with several rows in the ledger. */
  readonly billedTwice: string[];
  /** Request ids of rows without a line in the files: of a result that was not kept, or of a line that ran again. */
  readonly billedWithoutResult: string[];
}

const TERMINATOR = '\n';

/**
 * @param batches all those of a project, since its ledger does not say which batch a row belongs to.
 * @param ledger all rows of the project with the priority `batch`.
 */
export function checkBatches(batches: readonly BatchResults[], ledger: readonly LedgerEntry[]): BatchFindings {
  const findings: BatchFindings = {
    ...{ unreadable: [], lost: [], repeated: [], unknown: [], miscounted: [] },
    ...{ unbilled: [], misbilled: [], billedTwice: [], billedWithoutResult: [] },
  };
  const rows = Map.groupBy(ledger, ({ requestId }) => requestId);
  const unclaimed = new Set(rows.keys());
  for (const batch of batches) checkBatch(batch, rows, unclaimed, findings);
  findings.billedWithoutResult.push(...unclaimed);
  for (const [requestId, entries] of rows) if (entries.length > 1) findings.billedTwice.push(requestId);
  return findings;
}

/** Whether nothing was found. */
export function isClean(findings: BatchFindings): boolean {
  return Object.values(findings).every((found: string[]) => found.length === 0);
}

function checkBatch(
  batch: BatchResults,
  rows: ReadonlyMap<string, readonly LedgerEntry[]>,
  unclaimed: Set<string>,
  findings: BatchFindings,
): void {
  const { id, customIds, counts } = batch;
  const output = readLines(batch.output, `${id} output`, findings);
  const errors = readLines(batch.errors, `${id} errors`, findings);

  const seen = Map.groupBy([...output, ...errors], ({ custom_id: customId }) => customId);
  const expected = new Set(customIds);
  findings.lost.push(...[...expected].filter((customId) => !seen.has(customId)));
  findings.repeated.push(...[...seen].filter(([, lines]) => lines.length > 1).map(([customId]) => customId));
  findings.unknown.push(...[...seen.keys()].filter((customId) => !expected.has(customId)));

  const billed: LedgerEntry[] = [];
  for (const line of output) {
    const requestId = line.response?.request_id ?? '';
    const row = rows.get(requestId)?.[0];
    if (row === undefined || !unclaimed.delete(requestId)) {
      findings.unbilled.push(requestId);
      continue;
    }
    billed.push(row);
    if (!hasUsageOf(row, line)) findings.misbilled.push(requestId);
  }
  // A line that has failed may have computed something before.
  for (const { response } of errors) {
    const row = rows.get(response?.request_id ?? '')?.[0];
    if (row !== undefined && unclaimed.delete(row.requestId)) billed.push(row);
  }

  const expectEqual = (what: string, actual: number, wanted: number): void => {
    if (actual !== wanted) findings.miscounted.push(`${id} ${what}: ${actual} instead of ${wanted}`);
  };
  expectEqual('request_counts.total', counts.total, customIds.length);
  expectEqual('request_counts.completed', counts.completed, output.length);
  expectEqual('request_counts.failed', counts.failed, errors.length);
  for (const count of ['promptTokens', 'completionTokens'] as const)
    expectEqual(
      `usage, ${count}`,
      batch.usage[count],
      billed.reduce((sum, row) => sum + row[count], 0),
    );
}

function readLines(text: string, file: string, { unreadable }: BatchFindings): OutputLine[] {
  if (text === '') return [];
  const lines = text.split(TERMINATOR);
  // The last line has a terminator too: a file that was cut off has not.
  if (lines.at(-1) === '') lines.pop();
  else unreadable.push(`${file}:${lines.length}`);
  return lines.flatMap((line, at) => {
    const result = parseLine(line);
    if (result === undefined) unreadable.push(`${file}:${at + 1}`);
    return result ?? [];
  });
}

function parseLine(line: string): OutputLine | undefined {
  try {
    const value = JSON.parse(line) as OutputLine | null;
    const hasResult = value?.response !== undefined && value.error !== undefined;
    return hasResult && typeof value?.custom_id === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}

function hasUsageOf(row: LedgerEntry, { response }: OutputLine): boolean {
  const usage = response?.body.usage;
  return row.promptTokens === usage?.prompt_tokens && row.completionTokens === usage?.completion_tokens;
}
