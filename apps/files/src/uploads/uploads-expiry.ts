import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from '@xerotier/log';
import { CONFIG, LOGGER } from '@xerotier/service-host';
import { PeriodicPurge } from '@xerotier/service-host/database';
import type { DeleteBatch } from '@xerotier/service-host/database';
import type { FilesConfig } from '../config.ts';
import { UploadsService } from './uploads.service.ts';

/** Instances that sweep at the same time share the work: what one of them changes is not seen by the others. */
const BATCH_MAX = 100;

/** Ends uploads whose time is over, and deletes their parts; deletes the rows of uploads that ended 30 days ago. */
@Injectable()
export class UploadsExpiry extends PeriodicPurge {
  constructor(
    private readonly uploads: UploadsService,
    @Inject(LOGGER) log: Logger,
    @Inject(CONFIG) { sweep }: Pick<FilesConfig, 'sweep'>,
  ) {
    super('expired uploads', log, sweep.expirySeconds * 1_000);
  }

  protected override run(): Promise<number> {
    return this.purge(BATCH_MAX);
  }

  protected override *batches(): Generator<DeleteBatch> {
    yield (batchMax) => this.uploads.expire(batchMax);
    yield (batchMax) => this.uploads.deleteEnded(batchMax);
  }
}
