import { Module } from '@nestjs/common';
import { BlobsModule } from '../blobs/blobs.module.ts';
import { FilesModule } from '../files/files.module.ts';
import { UploadsExpiry } from './uploads-expiry.ts';
import { UploadsHandlers } from './uploads.handlers.ts';
import { UploadsRepository } from './uploads.repository.ts';
import { UploadsService } from './uploads.service.ts';

@Module({
  imports: [FilesModule, BlobsModule],
  providers: [UploadsHandlers, UploadsService, UploadsRepository, UploadsExpiry],
  exports: [UploadsService],
})
export class UploadsModule {}
