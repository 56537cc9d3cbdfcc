import { Injectable } from '@nestjs/common';
import { filesContract } from '@xerotier/contracts/files';
import { Serves } from '@xerotier/service-host';
import type { Input, Output } from '../operations.ts';
import { ModelFilesService } from './model-files.service.ts';

/** Files of models on the bus, without their content. */
@Injectable()
export class ModelFilesHandlers {
  constructor(private readonly files: ModelFilesService) {}

  @Serves(filesContract.operations.listModelFiles)
  list(input: Input<'listModelFiles'>): Promise<Output<'listModelFiles'>> {
    return this.files.list(input);
  }
}
