import { Injectable } from '@nestjs/common';
import { filesContract } from '@xerotier/contracts/files';
import type { StoredFile } from '@xerotier/contracts/files';
import { Serves } from '@xerotier/service-host';
import type { Input, Output } from '../operations.ts';
import { FilesService } from './files.service.ts';

const { listFiles, getFile, deleteFile } = filesContract.operations;

/** Files on the bus, without their content. */
@Injectable()
export class FilesHandlers {
  constructor(private readonly files: FilesService) {}

  @Serves(listFiles)
  list(input: Input<'listFiles'>): Promise<Output<'listFiles'>> {
    return this.files.list(input);
  }

  @Serves(getFile)
  get(input: Input<'getFile'>): Promise<StoredFile> {
    return this.files.get(input);
  }

  @Serves(deleteFile)
  async delete(input: Input<'deleteFile'>): Promise<Output<'deleteFile'>> {
    await this.files.delete(input);
    return {};
  }
}
