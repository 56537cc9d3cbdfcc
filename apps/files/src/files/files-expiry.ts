import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from '@xerotier/log';
import { CONFIG, LOGGER } from '@xerotier/service-host';
import { PeriodicPurge } from '@xerotier/service-host/database';
import type { DeleteBatch } from '@xerotier/service-host/database';
import type { FilesConfig } from '../config.ts';
import { FilesService } from './files.service.ts';

/** Instances that sweep at the same time share the work: what one of them deletes is not seen by the others. */
const BATCH_MAX = 100;

/** Deletes files that have expired. */
@Injectable()
export class FilesExpiry extends PeriodicPurge {
  constructor(
    private readonly files: FilesService,
    @Inject(LOGGER) log: Logger,
    @Inject(CONFIG) { sweep }: Pick<FilesConfig, 'sweep'>,
  ) {
    super('expired files', log, sweep.expirySeconds * 1_000);
  }

  protected override run(): Promise<number> {
    return this.purge(BATCH_MAX);
  }

  protected override *batches(): Generator<DeleteBatch> {
    yield (batchMax) => this.files.deleteExpired(batchMax);
  }
}
