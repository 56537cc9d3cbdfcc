import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from '@xerotier/log';
import type { ObjectStore } from '@xerotier/object-store';
import { CONFIG, LOGGER, PeriodicTask } from '@xerotier/service-host';
import type { FilesConfig } from '../config.ts';
import { metrics } from '../metrics.ts';
import { BlobsRepository } from './blobs.repository.ts';
import type { BlobRef } from './blobs.repository.ts';
import { ABANDONED_MS, BlobsService } from './blobs.service.ts';
import { OBJECT_STORE } from './object-store.module.ts';

const BATCH_MAX = 500;
/** How long an object may exist without a row: it is written after its row, so that only a restored database has none. */
const ORPHAN_MS = 60 * 60_000;
const LISTED_EVERY_MS = 24 * 60 * 60_000;
const OBJECT_KEY = /^([\w-]+)\/([0-9a-f]{24})$/;

export interface ReconcileReport {
  /** Blobs of writers that were killed. */
  abandoned: number;
  /** Objects that nothing referred to any more. */
  removed: number;
  /** Objects without a row. */
  orphans: number;
  /** What the store has of writes that were not finished. */
  unfinished: number;
}

/** Removes what interrupted transfers and removals have left, from the database and from the store. */
@Injectable()
export class BlobsReconciler extends PeriodicTask {
  #listedAt: number | undefined;

  constructor(
    private readonly blobs: BlobsService,
    private readonly repository: BlobsRepository,
    @Inject(OBJECT_STORE) private readonly store: ObjectStore,
    @Inject(LOGGER) private readonly log: Logger,
    @Inject(CONFIG) { sweep }: Pick<FilesConfig, 'sweep'>,
  ) {
    super({ intervalMs: sweep.reconcileSeconds * 1_000, failure: 'reconciliation of files failed, retrying', log });
  }

  /** Orphans are listed once a day, since that reads the whole store. */
  protected override async run(): Promise<void> {
    const isListing = this.#listedAt === undefined || performance.now() - this.#listedAt > LISTED_EVERY_MS;
    const report = await this.reconcile({ isListing });
    if (isListing) this.#listedAt = performance.now();
    if (Object.values(report).some((count) => count > 0)) this.log.info('files reconciled', { ...report });
  }

  /** @param now for tests: later than it is. @throws {AppError} */
  async reconcile({ isListing = true, now = Date.now() } = {}): Promise<ReconcileReport> {
    const report: ReconcileReport = { abandoned: 0, removed: 0, orphans: 0, unfinished: 0 };
    await this.#forEach('writing', new Date(now - ABANDONED_MS), async (blob) => {
      await this.blobs.discard([blob]);
      report.abandoned += 1;
    });
    await this.#forEach('removing', new Date(now - ABANDONED_MS), async ({ projectId, id }) => {
      await this.blobs.removeObjects(projectId, [id]);
      report.removed += 1;
    });
    report.unfinished = await this.store.removeUnfinished(new Date(now - ORPHAN_MS));
    if (isListing) report.orphans = await this.#removeOrphans(new Date(now - ORPHAN_MS));
    for (const [kind, count] of Object.entries(report)) metrics.reconciled.labels(kind).inc(count as number);
    return report;
  }

  /** Each one leaves the state, or is seen again in the next run. */
  async #forEach(state: 'writing' | 'removing', before: Date, work: (blob: BlobRef) => Promise<void>): Promise<void> {
    for (;;) {
      const blobs = await this.repository.listUnfinished(state, before, BATCH_MAX);
      for (const blob of blobs) {
        if (this.isStopping) return;
        await work(blob);
      }
      if (blobs.length < BATCH_MAX) return;
    }
  }

  async #removeOrphans(before: Date): Promise<number> {
    let orphans = 0;
    let batch: BlobRef[] = [];
    const flush = async (): Promise<void> => {
      const [first] = batch;
      if (first === undefined) return;
      const existing = await this.repository.existing(
        first.projectId,
        batch.map(({ id }) => id),
      );
      for (const { projectId, id } of batch.filter((blob) => !existing.has(blob.id))) {
        await this.store.remove(`${projectId}/${id}`);
        orphans += 1;
      }
      batch = [];
    };
    for await (const { key, writtenAt } of this.store.list()) {
      if (this.isStopping) break;
      const [, projectId, id] = OBJECT_KEY.exec(key) ?? [];
      // Somebody else's.
      if (projectId === undefined || id === undefined || writtenAt > before) continue;
      if (batch.length >= BATCH_MAX || (batch[0] !== undefined && batch[0].projectId !== projectId)) await flush();
      batch.push({ projectId, id });
    }
    await flush();
    return orphans;
  }
}
