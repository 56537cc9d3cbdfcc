import { Injectable } from '@nestjs/common';
import { batchContract } from '@xerotier/contracts/batch';
import type { StoredBatch } from '@xerotier/contracts/batch';
import { Serves } from '@xerotier/service-host';
import { BatchesService } from './batches.service.ts';
import type { Input, Output } from './batches.service.ts';

const { create, list, get, cancel, pause, resume, retry } = batchContract.operations;

/** Serves the batch contract. */
@Injectable()
export class BatchesHandlers {
  constructor(private readonly batches: BatchesService) {}

  @Serves(create)
  create(input: Input<'create'>): Promise<StoredBatch> {
    return this.batches.create(input);
  }

  @Serves(list)
  list(input: Input<'list'>): Promise<Output<'list'>> {
    return this.batches.list(input);
  }

  @Serves(get)
  get(input: Input<'get'>): Promise<StoredBatch> {
    return this.batches.get(input);
  }

  @Serves(cancel)
  cancel(input: Input<'cancel'>): Promise<StoredBatch> {
    return this.batches.cancel(input);
  }

  @Serves(pause)
  pause(input: Input<'pause'>): Promise<StoredBatch> {
    return this.batches.pause(input);
  }

  @Serves(resume)
  resume(input: Input<'resume'>): Promise<StoredBatch> {
    return this.batches.resume(input);
  }

  @Serves(retry)
  retry(input: Input<'retry'>): Promise<StoredBatch> {
    return this.batches.retry(input);
  }
}
