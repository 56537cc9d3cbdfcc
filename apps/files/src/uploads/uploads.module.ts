import { Module } from '@nestjs/common';
import { CONFIG } from '@xerotier/service-host';
import { BlobsModule } from '../blobs/blobs.module.ts';
import type { FilesConfig } from '../config.ts';
import { FilesModule } from '../files/files.module.ts';
import { ModelsModule } from '../models/models.module.ts';
import { TransferSlots } from '../transfers/transfer-slots.ts';
import { ModelAttempts } from './model-attempts.ts';
import { ModelUploadsRepository } from './model-uploads.repository.ts';
import { UploadContents } from './upload-contents.ts';
import { UploadsExpiry } from './uploads-expiry.ts';
import { UploadsHandlers } from './uploads.handlers.ts';
import { UploadsRepository } from './uploads.repository.ts';
import { UploadsService } from './uploads.service.ts';

@Module({
  imports: [FilesModule, BlobsModule, ModelsModule],
  providers: [
    UploadsHandlers,
    UploadsService,
    UploadsRepository,
    UploadsExpiry,
    UploadContents,
    ModelUploadsRepository,
    ModelAttempts,
    {
      provide: TransferSlots,
      inject: [CONFIG],
      useFactory: ({ transfers }: Pick<FilesConfig, 'transfers'>) => new TransferSlots(transfers.max),
    },
  ],
  exports: [UploadsService, TransferSlots, ModelAttempts, ModelUploadsRepository],
})
export class UploadsModule {}
