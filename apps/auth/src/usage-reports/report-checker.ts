import { Inject, Injectable } from '@nestjs/common';
import { usageOfChoices } from '@xerotier/contracts/inference';
import type { ReportedGeneration, TokenUsage } from '@xerotier/contracts/inference';
import { CONFIG } from '@xerotier/service-host';
import { decodeFacts } from '@xerotier/usage-accounting';
import type { EntityManager } from 'typeorm';
import type { AuthConfig } from '../config.ts';
import { metrics } from '../metrics.ts';
import { UsageRepository } from '../usage/usage.repository.ts';
import type { RecordedUsage } from '../usage/usage.repository.ts';
import { ReportedGenerationsService } from './reported-generations.service.ts';
import type { UsageReportRow } from './usage-report.entity.ts';
import { UsageReportsRepository } from './usage-reports.repository.ts';

const BATCH_REPORTS = 20;

/** The generations of a request within one report. */
interface RequestOfReport {
  readonly report: UsageReportRow;
  readonly requestId: string;
  readonly generations: readonly ReportedGeneration[];
}

/**
 * Compares reports with the ledger as they are: nearly all requests have one attempt per choice, all in one report, and match. The
 * generations of the others become rows of their own, for the reconciler. They are stored before the report is marked: what was
 * interrupted in between is stored again, without effect.
 */
@Injectable()
export class ReportChecker {
  readonly #graceSeconds: number;

  constructor(
    private readonly reports: UsageReportsRepository,
    private readonly generations: ReportedGenerationsService,
    private readonly ledger: UsageRepository,
    @Inject(CONFIG) { usage: { graceSeconds } }: Pick<AuthConfig, 'usage'>,
  ) {
    this.#graceSeconds = graceSeconds;
  }

  /**
   * Checks at most 20 reports that are due, unless another replica is doing so.
   * @returns whether there may be more.
   * @throws {AppError} `db.unavailable`.
   */
  async checkDue(): Promise<boolean> {
    const hasMore = await this.reports.whileAlone(async (manager) => {
      const due = await this.reports.findDue(manager, this.#graceSeconds, BATCH_REPORTS);
      if (due.length > 0) await this.#check(manager, due);
      return due.length === BATCH_REPORTS;
    });
    return hasMore ?? false;
  }

  async #check(manager: EntityManager, due: readonly UsageReportRow[]): Promise<void> {
    const requests = due.flatMap(requestsOf);
    const complete = requests.map(completeUsage).filter((usage) => usage !== undefined);
    const differing = await this.ledger.findDifferent(complete);
    const isComplete = new Set(complete.map(({ requestId }) => requestId));
    const others = requests.filter(({ requestId }) => !isComplete.has(requestId) || differing.has(requestId));
    await this.generations.store(
      others.flatMap(({ report, generations }) => generations.map((generation) => ({ generation, report }))),
    );
    const byReport = Map.groupBy(others, ({ report }) => report.id);
    const idsOf = (id: string): string[] => byReport.get(id)?.map(({ requestId }) => requestId) ?? [];
    await this.reports.setChecked(manager, new Map(due.map(({ id }) => [id, idsOf(id)])));
    metrics.reconciledRequests.inc({ result: 'matched' }, requests.length - others.length);
  }
}

function requestsOf(report: UsageReportRow): RequestOfReport[] {
  const byRequest = Map.groupBy(report.content.generations, ({ requestId }) => requestId);
  return [...byRequest].map(([requestId, generations]) => ({ report, requestId, generations }));
}

/** The usage of a request whose choices are all in the report, without retries; undefined for any other. */
function completeUsage({ requestId, generations }: RequestOfReport): RecordedUsage | undefined {
  const facts = decodeFacts((generations as [ReportedGeneration])[0].facts);
  const usages = new Map<number, TokenUsage>();
  for (const { attempt, choiceIndex, usage } of generations) {
    if (attempt > 1 || usage === undefined) return undefined;
    usages.set(choiceIndex, usage);
  }
  return usages.size === facts?.choices ? { requestId, kind: facts.kind, usage: usageOfChoices(usages) } : undefined;
}
