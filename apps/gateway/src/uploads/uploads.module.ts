import { Module } from '@nestjs/common';
import { FilesModule } from '../files/files.module.ts';
import { UploadsController } from './uploads.controller.ts';
import { UploadsService } from './uploads.service.ts';

@Module({ imports: [FilesModule], controllers: [UploadsController], providers: [UploadsService] })
export class UploadsModule {}
