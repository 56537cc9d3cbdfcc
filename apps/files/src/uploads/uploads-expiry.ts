import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from '@xerotier/log';
import { CONFIG, LOGGER } from '@xerotier/service-host';
import { PeriodicPurge } from '@xerotier/service-host/database';
import type { DeleteBatch } from '@xerotier/service-host/database';
import type { FilesConfig } from '../config.ts';
import { UploadsService } from './uploads.service.ts';

/** Ends uploads whose time is over, and deletes their parts. */
@Injectable()
export class UploadsExpiry extends PeriodicPurge {
  constructor(
    private readonly uploads: UploadsService,
    @Inject(LOGGER) log: Logger,
    @Inject(CONFIG) { sweep }: Pick<FilesConfig, 'sweep'>,
  ) {
    super('expired uploads', log, sweep.expirySeconds * 1_000);
  }

  protected override *batches(): Generator<DeleteBatch> {
    yield (batchMax) => this.uploads.expire(batchMax);
  }
}
