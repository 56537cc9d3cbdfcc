/**
 * Reports the usage of each generation to the ledger, however it ends. The gateway records the request, unless it is lost
 * before: then the ledger is written from these reports (ADR 0026).
 */
import { REPORT_GENERATIONS_MAX, usageReported } from '@xerotier/contracts/inference';
import type { usageReport, WorkContext } from '@xerotier/contracts/inference';
import type { Logger } from '@xerotier/log';
import { DurablePublisher } from '@xerotier/nats';
import type { BusConnection } from '@xerotier/nats';
import { randomUUID } from 'node:crypto';
import type { z } from 'zod';
import { metrics } from '../metrics.ts';

/** Generations of this time share a report: it is not urgent, and should cost the worker little. */
const REPORT_WAIT_MS = 200;
/** It is reached when JetStream is unavailable for long, after about 100,000 generations. */
const PENDING_CHARACTERS_MAX = 32 * 1024 * 1024;

/** The work that has ended. */
export type ReportedWork = Pick<WorkContext, 'requestId' | 'accounting' | 'attempt'> & {
  readonly choiceIndex?: number;
};

type Generation = z.input<typeof usageReport>['generations'][number];

/** How it has ended. */
export type GenerationResult = Pick<Generation, 'usage' | 'outcome' | 'callerLost' | 'begun'>;

export interface UsageReports {
  /** Reports nothing for work of a caller that does not ask for it. */
  ended(work: ReportedWork, result: GenerationResult): void;
}

export class PublishedUsageReports implements UsageReports {
  readonly #publisher: DurablePublisher<typeof usageReported>;
  readonly #workerId: string;
  readonly #log: Logger;
  /** The accounts of the next report, and their indexes. */
  #accounts = new Map<string, number>();
  #generations: Generation[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(connection: BusConnection, workerId: string, log: Logger) {
    this.#publisher = new DurablePublisher(connection, usageReported, log, {
      pendingCharactersMax: PENDING_CHARACTERS_MAX,
      batchWaitMs: 0,
    });
    this.#workerId = workerId;
    this.#log = log;
  }

  ended({ requestId, accounting, attempt = 1, choiceIndex = 0 }: ReportedWork, result: GenerationResult): void {
    if (accounting === undefined) return;
    const { usage, outcome, callerLost, begun } = result;
    const separator = accounting.indexOf('.');
    this.#generations.push({
      requestId,
      account: this.#indexOf(accounting.slice(0, separator)),
      facts: accounting.slice(separator + 1),
      choiceIndex,
      attempt,
      usage,
      outcome,
      callerLost,
      begun,
      endedAt: Date.now(),
    });
    if (this.#generations.length >= REPORT_GENERATIONS_MAX) this.#publish();
    else this.#timer ??= setTimeout(() => this.#publish(), REPORT_WAIT_MS);
  }

  /** Waits until all reports are confirmed, or the timeout. */
  async close(timeoutMs: number): Promise<void> {
    this.#publish();
    const unconfirmed = await this.#publisher.close(timeoutMs);
    if (unconfirmed > 0) this.#log.error('usage reports unconfirmed', { reports: unconfirmed });
  }

  #indexOf(account: string): number {
    const known = this.#accounts.get(account);
    if (known !== undefined) return known;
    this.#accounts.set(account, this.#accounts.size);
    return this.#accounts.size - 1;
  }

  #publish(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const [accounts, generations] = [this.#accounts, this.#generations];
    if (generations.length === 0) return;
    this.#accounts = new Map();
    this.#generations = [];
    const report = { id: randomUUID(), workerId: this.#workerId, accounts: [...accounts.keys()], generations };
    if (this.#publisher.publish(report)) return;
    metrics.usageReportsLost.inc({}, generations.length);
    for (const generation of generations) this.#log.error('usage report dropped', { ...generation });
  }
}
