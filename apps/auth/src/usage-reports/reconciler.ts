import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from '@xerotier/log';
import { CONFIG, LOGGER } from '@xerotier/service-host';
import type { EntityManager } from 'typeorm';
import type { AuthConfig } from '../config.ts';
import { metrics } from '../metrics.ts';
import { UsageRepository } from '../usage/usage.repository.ts';
import { UsageService } from '../usage/usage.service.ts';
import { reconcile } from './reconciliation.ts';
import type { Finding, ReconciliationResult, ReportedRequest } from './reconciliation.ts';
import { UsageBacklog } from './usage-backlog.ts';
import { ReportedGenerationsRepository } from './reported-generations.repository.ts';

const BATCH_REQUESTS = 500;
/** Of requests that wait for the backlog. */
const RECHECK_MS = 1_000;

type Missing = Extract<Finding, { kind: 'missing' }>;
type Compared = Extract<Finding, { kind: 'compared' }>;

interface Found<F extends Finding = Finding> {
  readonly request: ReportedRequest;
  readonly finding: F;
}

const isMissing = (found: Found): found is Found<Missing> => found.finding.kind === 'missing';
const isCompared = (found: Found): found is Found<Compared> => found.finding.kind === 'compared';

/**
 * Compares reported generations with the ledger, and writes the rows that it lacks. Rows are written before reports get their
 * result, in transactions of their own: what was interrupted in between is found again, and the row is there. A row never changes,
 * so it is written only when all that was published until then is stored: a backlog delays it, however long it is.
 */
@Injectable()
export class Reconciler {
  readonly #graceMs: number;

  constructor(
    private readonly reports: ReportedGenerationsRepository,
    private readonly ledger: UsageRepository,
    private readonly usage: UsageService,
    @Inject(UsageBacklog) private readonly backlog: Pick<UsageBacklog, 'storedUntil'>,
    @Inject(CONFIG) { usage: { graceSeconds } }: Pick<AuthConfig, 'usage'>,
    @Inject(LOGGER) private readonly log: Logger,
  ) {
    this.#graceMs = graceSeconds * 1_000;
  }

  /**
   * Reconciles at most 500 requests that are due, unless another replica is doing so.
   * @returns whether there may be more that can be reconciled now.
   * @throws {AppError} `db.unavailable`.
   */
  async reconcileDue(): Promise<boolean> {
    const hasMore = await this.reports.whileAlone(async (manager) => {
      const requests = await this.reports.findDue(manager, BATCH_REQUESTS);
      const postponed = requests.length > 0 ? await this.#reconcile(manager, requests) : 0;
      return requests.length === BATCH_REQUESTS && postponed < BATCH_REQUESTS;
    });
    return hasMore ?? false;
  }

  /** Returns how many requests have to wait. */
  async #reconcile(manager: EntityManager, requests: readonly ReportedRequest[]): Promise<number> {
    // Read first: what is compared below includes all that was stored until then.
    const storedUntil = await this.backlog.storedUntil();
    const first = await this.#compare(requests, storedUntil);
    const found = [...first.filter((one) => !isMissing(one)), ...(await this.#settle(first.filter(isMissing)))];
    const postponed = found.flatMap(({ request: { context }, finding }) =>
      finding.kind === 'wait'
        ? [{ ...context, until: new Date(Math.max(finding.until, Date.now() + RECHECK_MS)) }]
        : [],
    );
    if (postponed.length > 0) await this.reports.postpone(manager, postponed);
    const byResult = Map.groupBy(found.filter(isCompared), ({ finding }) => finding.result);
    for (const [result, group] of byResult) await this.#conclude(manager, result, group);
    return postponed.length;
  }

  async #compare(requests: readonly ReportedRequest[], storedUntil: number): Promise<Found[]> {
    const entries = await this.ledger.entriesOf(requests.map(({ context }) => context.requestId));
    const now = Math.min(Date.now(), storedUntil);
    return requests.map((request) => ({
      request,
      finding: reconcile(request, entries.get(request.context.requestId), now, this.#graceMs),
    }));
  }

  /** Writes the rows. A record of a gateway that came at the same moment wins, and is compared. */
  async #settle(missing: readonly Found<Missing>[]): Promise<Found[]> {
    if (missing.length === 0) return [];
    const records = missing.map(({ finding }) => finding.record);
    await this.usage.record(records, 'worker');
    const entries = await this.ledger.entriesOf(records.map(({ requestId }) => requestId));
    return missing.map(({ request }) => {
      const entry = entries.get(request.context.requestId);
      if (entry?.source === 'gateway')
        return { request, finding: reconcile(request, entry, Date.now(), this.#graceMs) };
      return { request, finding: { kind: 'compared', result: entry ? 'settled' : 'dropped', driftTokens: 0 } };
    });
  }

  async #conclude(
    manager: EntityManager,
    result: ReconciliationResult,
    group: readonly Found<Compared>[],
  ): Promise<void> {
    const contexts = group.map(({ request }) => request.context);
    await this.reports.setResult(manager, contexts, result);
    metrics.reconciledRequests.inc({ result }, group.length);
    if (result === 'settled') this.log.info('ledger rows written from reports of workers', { requests: group.length });
    if (result === 'drift') group.forEach((one) => this.#reportDrift(one));
  }

  #reportDrift({ request: { context }, finding: { driftTokens } }: Found<Compared>): void {
    metrics.ledgerDrift.labels().inc(driftTokens);
    this.log.error('ledger differs from the reports of workers', { requestId: context.requestId, tokens: driftTokens });
  }
}
