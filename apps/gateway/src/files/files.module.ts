import { Module } from '@nestjs/common';
import { FilesController } from './files.controller.ts';
import { FilesService } from './files.service.ts';
import { TransferClient } from './transfer-client.ts';

@Module({ controllers: [FilesController], providers: [FilesService, TransferClient], exports: [TransferClient] })
export class FilesModule {}
