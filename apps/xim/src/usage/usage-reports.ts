/**
 * Reports the usage of each generation to the ledger, however it ends. The gateway records the request, unless it is lost
 * before: then the ledger is written from these reports (ADR 0026).
 */
import { usageReported } from '@xerotier/contracts/inference';
import type { usageReport, WorkContext } from '@xerotier/contracts/inference';
import type { Logger } from '@xerotier/log';
import { DurablePublisher } from '@xerotier/nats';
import type { BusConnection } from '@xerotier/nats';
import type { z } from 'zod';
import { metrics } from '../metrics.ts';

/** Generations of this time share a message: a report is not urgent, and should cost the worker little. */
const BATCH_WAIT_MS = 200;
const BATCH_MAX = 64;
/** About 20 MB. It is reached when JetStream is unavailable for long. */
const PENDING_MAX = 20_000;

/** The work that has ended. */
export type ReportedWork = Pick<WorkContext, 'requestId' | 'accounting' | 'attempt'> & {
  readonly choiceIndex?: number;
};

/** How it has ended. */
export type GenerationResult = Pick<z.input<typeof usageReport>, 'usage' | 'outcome' | 'callerLost' | 'begun'>;

export interface UsageReports {
  /** Reports nothing for work of a caller that does not ask for it. */
  ended(work: ReportedWork, result: GenerationResult): void;
}

export class PublishedUsageReports implements UsageReports {
  readonly #publisher: DurablePublisher<typeof usageReported>;
  readonly #workerId: string;
  readonly #log: Logger;

  constructor(connection: BusConnection, workerId: string, log: Logger) {
    const options = { pendingMax: PENDING_MAX, batchMax: BATCH_MAX, batchWaitMs: BATCH_WAIT_MS };
    this.#publisher = new DurablePublisher(connection, usageReported, log, options);
    this.#workerId = workerId;
    this.#log = log;
  }

  ended({ requestId, accounting, attempt = 1, choiceIndex = 0 }: ReportedWork, result: GenerationResult): void {
    if (accounting === undefined) return;
    const about = { requestId, choiceIndex, attempt, workerId: this.#workerId };
    if (this.#publisher.publish({ ...about, ...result, accounting, endedAt: Date.now() })) return;
    metrics.usageReportsLost.labels().inc();
    this.#log.error('usage report dropped', { ...about, ...result });
  }

  /** Waits until all reports are confirmed, or the timeout. */
  async close(timeoutMs: number): Promise<void> {
    const unconfirmed = await this.#publisher.close(timeoutMs);
    if (unconfirmed > 0) this.#log.error('usage reports unconfirmed', { reports: unconfirmed });
  }
}
