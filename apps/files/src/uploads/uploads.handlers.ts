import { Injectable } from '@nestjs/common';
import { filesContract } from '@xerotier/contracts/files';
import type { StoredUpload } from '@xerotier/contracts/files';
import { Serves } from '@xerotier/service-host';
import type { Input, Output } from '../operations.ts';
import { UploadsService } from './uploads.service.ts';

const { createUpload, getUpload, listParts, completeUpload, cancelUpload } = filesContract.operations;

/** Uploads on the bus. */
@Injectable()
export class UploadsHandlers {
  constructor(private readonly uploads: UploadsService) {}

  @Serves(createUpload)
  create(input: Input<'createUpload'>): Promise<StoredUpload> {
    return this.uploads.create(input);
  }

  @Serves(getUpload)
  get(input: Input<'getUpload'>): Promise<StoredUpload> {
    return this.uploads.get(input);
  }

  @Serves(listParts)
  listParts(input: Input<'listParts'>): Promise<Output<'listParts'>> {
    return this.uploads.listParts(input);
  }

  @Serves(completeUpload)
  complete(input: Input<'completeUpload'>): Promise<StoredUpload> {
    return this.uploads.complete(input);
  }

  @Serves(cancelUpload)
  cancel(input: Input<'cancelUpload'>): Promise<StoredUpload> {
    return this.uploads.cancel(input);
  }
}
