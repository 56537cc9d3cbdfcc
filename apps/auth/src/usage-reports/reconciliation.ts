/** What follows from the reports of a request and its row in the ledger. Pure; the rules are those of ADR 0026. */
import { emptyUsage, requestContextOf, usageOfChoices } from '@xerotier/contracts/inference';
import type { AccountingContext, ReportedGeneration, TokenUsage, UsageRecord } from '@xerotier/contracts/inference';

/** What was reported about one generation. */
export interface Generation extends Pick<
  ReportedGeneration,
  'choiceIndex' | 'attempt' | 'outcome' | 'callerLost' | 'begun' | 'endedAt'
> {
  readonly usage: TokenUsage | null;
}

/** What was reported about one request. */
export interface ReportedRequest {
  readonly context: AccountingContext;
  /** At least one, in any order. */
  readonly generations: readonly Generation[];
  /** When its last report was received, in Unix milliseconds. */
  readonly receivedAt: number;
}

export type UsageSource = 'gateway' | 'worker';

/** A row of the ledger. */
export interface LedgerEntry {
  readonly usage: TokenUsage;
  readonly source: UsageSource;
  /** Whether a choice ended without the usage of a worker. */
  readonly estimated: boolean;
}

/**
 * - `matched`: the ledger has what was reported.
 * - `settled`: the ledger was written from the reports.
 * - `estimated`: the gateway did not receive the usage, and has counted what arrived.
 * - `unreported`: a choice was not reported, for example because its worker was killed just after it.
 * - `drift`: they differ without such a reason.
 * - `dropped`: the database rejected the row.
 * - `unkept`: of a batch line whose result was not kept, and was computed again: it is not charged.
 */
export type ReconciliationResult = 'matched' | 'settled' | 'estimated' | 'unreported' | 'drift' | 'dropped' | 'unkept';

export type Finding =
  | { readonly kind: 'compared'; readonly result: ReconciliationResult; readonly driftTokens: number }
  /** The ledger has no row and needs this one. */
  | { readonly kind: 'missing'; readonly record: UsageRecord }
  /** In Unix milliseconds. */
  | { readonly kind: 'wait'; readonly until: number };

/** The kinds that may be retried on another worker after their first data, since nobody has read it. */
const REPEATABLE: ReadonlySet<UsageRecord['kind']> = new Set<UsageRecord['kind']>(['embedding', 'rerank', 'score']);

/**
 * @param entry undefined: the ledger has no row.
 * @param now Unix milliseconds.
 * @param graceMs how late the record of a gateway may be.
 */
export function reconcile(
  request: ReportedRequest,
  entry: LedgerEntry | undefined,
  now: number,
  graceMs: number,
): Finding {
  const { context, receivedAt } = request;
  const last = lastAttempts(request.generations);
  // Not after the deadline itself, which is of the clock of the gateway.
  const finalAt = receivedAt + (context.deadlineAt - context.startedAt) + graceMs;
  // The service that keeps the result writes the record, in the same transaction; until then nothing is owed.
  if (entry === undefined && context.priority === 'batch')
    return now < finalAt ? { kind: 'wait', until: finalAt } : compared('unkept');
  if (entry === undefined) {
    const dueAt = isOver(context, last) ? receivedAt + graceMs : finalAt;
    return now < dueAt ? { kind: 'wait', until: dueAt } : { kind: 'missing', record: recordOf(context, last) };
  }
  const difference = differenceOf(reportedUsage(last), entry.usage);
  if (difference.tokens === 0) return compared('matched');
  if (entry.estimated) return compared('estimated');
  // Reports of other workers may be on their way.
  if (now < finalAt) return { kind: 'wait', until: finalAt };
  const lacksReports = last.size < context.choices && difference.missing === 0;
  return lacksReports ? compared('unreported') : compared('drift', difference.tokens);
}

/** The number of tokens by which two usages differ. */
export function driftTokens(reported: TokenUsage, recorded: TokenUsage): number {
  return differenceOf(reported, recorded).tokens;
}

function compared(result: ReconciliationResult, tokens = 0): Finding {
  return { kind: 'compared', result, driftTokens: tokens };
}

type Generations = ReadonlyMap<number, Generation>;

/** The last attempt of each choice: the client has received nothing of the others. */
function lastAttempts(generations: readonly Generation[]): Generations {
  const last = new Map<number, Generation>();
  for (const generation of generations) {
    const known = last.get(generation.choiceIndex);
    if (known === undefined || known.attempt < generation.attempt) last.set(generation.choiceIndex, generation);
  }
  return last;
}

/**
 * Whether no worker can be generating for this request. After its gateway was lost, one that has not reported a choice may not have
 * noticed yet.
 */
function isOver({ kind, choices }: AccountingContext, last: Generations): boolean {
  if (last.size < choices) return false;
  const generations = [...last.values()];
  const isInterrupted = generations.some(({ callerLost, begun }) => callerLost && begun) && !REPEATABLE.has(kind);
  return isInterrupted || isCompleted(choices, generations);
}

function isCompleted(choices: number, generations: readonly Generation[]): boolean {
  return generations.length === choices && generations.every(({ outcome }) => outcome === 'completed');
}

function recordOf(context: AccountingContext, last: Generations): UsageRecord {
  const generations = [...last.values()];
  const { kind, streamed, startedAt, choices } = context;
  const endedAt = Math.max(...generations.map((generation) => generation.endedAt));
  return {
    ...requestContextOf(context),
    kind,
    streamed,
    startedAt,
    usage: reportedUsage(last),
    outcome: outcomeOf(choices, generations),
    // The clocks of gateway and worker may differ.
    durationMs: Math.max(0, endedAt - startedAt),
    timeToFirstTokenMs: null,
    ...(generations.some(({ usage }) => usage === null) && { estimated: true }),
  };
}

/** Without its gateway a request has failed for its client, unless everything was generated, or the client had cancelled. */
function outcomeOf(choices: number, generations: readonly Generation[]): UsageRecord['outcome'] {
  if (isCompleted(choices, generations)) return 'completed';
  if (generations.some(({ outcome }) => outcome === 'failed')) return 'failed';
  return generations.some(({ outcome }) => outcome === 'cancelled') ? 'cancelled' : 'failed';
}

function reportedUsage(last: Generations): TokenUsage {
  const usages = new Map<number, TokenUsage>();
  for (const [choice, { usage }] of last) if (usage !== null) usages.set(choice, usage);
  return usageOfChoices(usages);
}

/** @returns the tokens by which they differ, and those that the ledger lacks. */
function differenceOf(reported: TokenUsage, recorded: TokenUsage): { tokens: number; missing: number } {
  let [tokens, missing] = [0, 0];
  for (const name of Object.keys(emptyUsage()) as (keyof TokenUsage)[]) {
    tokens += Math.abs(reported[name] - recorded[name]);
    missing += Math.max(0, reported[name] - recorded[name]);
  }
  return { tokens, missing };
}
