import { Inject, Injectable } from '@nestjs/common';
import { CONFIG } from '@xerotier/service-host';
import type { AuthConfig } from '../config.ts';
import { UsageRepository } from '../usage/usage.repository.ts';
import { reconcile } from './reconciliation.ts';
import type { Finding, ReconciliationResult, ReportedRequest } from './reconciliation.ts';
import { ReportedGenerationsRepository } from './reported-generations.repository.ts';
import type { OpenedGeneration } from './reported-generations.repository.ts';
import { ReportedGenerationsService } from './reported-generations.service.ts';
import type { UsageReportRow } from './usage-report.entity.ts';
import { UsageReportsRepository } from './usage-reports.repository.ts';

const PAGE_REQUESTS = 1_000;
const PAGE_REPORTS = 20;
const FIRST_ID = '00000000-0000-0000-0000-000000000000';
/** Pages of a slice read its index entries again, so it is short. */
const SLICE_MS = 10 * 60 * 1_000;

export interface CheckedRequest {
  readonly requestId: string;
  readonly projectId: string;
  /** `unrecorded`: the ledger has no row, and should. `pending`: it is too early to tell. */
  readonly result: Exclude<ReconciliationResult, 'settled' | 'dropped'> | 'unrecorded' | 'pending';
  /** By which the ledger differs from the reports; all tokens of an unrecorded request. */
  readonly tokens: number;
}

/** Compares the ledger with the reports of workers, and changes nothing. */
@Injectable()
export class LedgerCheckService {
  readonly #graceMs: number;

  constructor(
    private readonly reports: UsageReportsRepository,
    private readonly generations: ReportedGenerationsRepository,
    private readonly opening: ReportedGenerationsService,
    private readonly ledger: UsageRepository,
    @Inject(CONFIG) { usage: { graceSeconds } }: Pick<AuthConfig, 'usage'>,
  ) {
    this.#graceMs = graceSeconds * 1_000;
  }

  /**
   * Yields each request whose last report was received within the range, in slices of ten minutes.
   * @throws {AppError} `db.unavailable`.
   */
  async *check(range: { from: Date; to: Date }): AsyncGenerator<CheckedRequest> {
    const end = range.to.getTime();
    for (let at = range.from.getTime(); at < end; at += SLICE_MS) {
      const slice = { from: new Date(at), to: new Date(Math.min(at + SLICE_MS, end)) };
      yield* this.#checkReports(slice);
      yield* this.#checkGenerations(slice);
    }
  }

  /** The requests that matched, and those of reports that were not checked yet. */
  async *#checkReports(slice: { from: Date; to: Date }): AsyncGenerator<CheckedRequest> {
    for (let after = FIRST_ID; ;) {
      const page = await this.reports.findReceived(slice, after, PAGE_REPORTS);
      const last = page.at(-1);
      if (last === undefined) return;
      after = last.id;
      for (const report of page) yield* await this.#compare(this.#requestsOf(report));
    }
  }

  #requestsOf(report: UsageReportRow): ReportedRequest[] {
    const different = new Set(report.different);
    const generations = report.content.generations
      .filter(({ requestId }) => !different.has(requestId))
      .map((generation) => this.opening.open({ generation, report }))
      .filter((generation) => generation !== undefined);
    const byRequest = Map.groupBy(generations, ({ context }) => context.requestId);
    return [...byRequest.values()].map((group) => ({
      context: (group as [OpenedGeneration])[0].context,
      generations: group,
      receivedAt: report.receivedAt.getTime(),
    }));
  }

  async *#checkGenerations(slice: { from: Date; to: Date }): AsyncGenerator<CheckedRequest> {
    for (let after = ''; ;) {
      const page = await this.generations.findReceived(slice, after, PAGE_REQUESTS);
      const last = page.at(-1);
      if (last === undefined) return;
      after = last.context.requestId;
      // A request with a report in a later slice belongs to that one.
      yield* await this.#compare(page.filter(({ receivedAt }) => receivedAt < slice.to.getTime()));
    }
  }

  async #compare(requests: readonly ReportedRequest[]): Promise<CheckedRequest[]> {
    const entries = await this.ledger.entriesOf(requests.map(({ context }) => context.requestId));
    const now = Date.now();
    return requests.map((request) => {
      const { requestId, projectId } = request.context;
      const finding = reconcile(request, entries.get(requestId), now, this.#graceMs);
      return { requestId, projectId, ...checkOf(finding) };
    });
  }
}

function checkOf(finding: Finding): Pick<CheckedRequest, 'result' | 'tokens'> {
  if (finding.kind === 'wait') return { result: 'pending', tokens: 0 };
  if (finding.kind === 'compared')
    return { result: finding.result as CheckedRequest['result'], tokens: finding.driftTokens };
  const { promptTokens, completionTokens } = finding.record.usage;
  return { result: 'unrecorded', tokens: promptTokens + completionTokens };
}
