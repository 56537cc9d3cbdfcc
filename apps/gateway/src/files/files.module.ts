import { Module } from '@nestjs/common';
import { TransferClient } from '@xerotier/file-transfers';
import { FilesController } from './files.controller.ts';
import { FilesService } from './files.service.ts';

@Module({
  controllers: [FilesController],
  providers: [FilesService, TransferClient],
  exports: [FilesService, TransferClient],
})
export class FilesModule {}
