import { Module } from '@nestjs/common';
import { CONFIG } from '@xerotier/service-host';
import { BlobsModule } from '../blobs/blobs.module.ts';
import type { FilesConfig } from '../config.ts';
import { FilesModule } from '../files/files.module.ts';
import { ModelsModule } from '../models/models.module.ts';
import { UploadsModule } from '../uploads/uploads.module.ts';
import { Tickets } from './ticket.ts';
import { TransferAddress } from './transfer-address.ts';
import { TransfersController } from './transfers.controller.ts';
import { TransfersHandlers } from './transfers.handlers.ts';
import { TransfersService } from './transfers.service.ts';

@Module({
  imports: [FilesModule, BlobsModule, UploadsModule, ModelsModule],
  controllers: [TransfersController],
  providers: [
    TransfersHandlers,
    TransfersService,
    TransferAddress,
    {
      provide: Tickets,
      inject: [CONFIG],
      useFactory: ({ keys: { master, previousMaster } }: Pick<FilesConfig, 'keys'>) =>
        new Tickets(master, ...(previousMaster === undefined ? [] : [previousMaster])),
    },
  ],
})
export class TransfersModule {}
