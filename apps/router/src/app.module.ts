import { Module } from '@nestjs/common';
import { changeMade } from '@xerotier/contracts/auth';
import { modelsContract, modelVersionRemoved, routerContract } from '@xerotier/contracts/router';
import { BusModule } from '@xerotier/service-host';
import { DatabaseModule } from '@xerotier/service-host/database';
import { OutboxModule } from '@xerotier/service-host/outbox';
import { database } from './db/database.ts';
import { ModelsModule } from './models/models.module.ts';
import { PlacementModule } from './placement/placement.module.ts';
import { UploadedModelsModule } from './uploaded-models/uploaded-models.module.ts';

@Module({
  imports: [
    DatabaseModule.forRoot(database),
    BusModule.forRoot({ serves: [routerContract, modelsContract] }),
    OutboxModule.forRoot({ schema: database.schema, events: [changeMade, modelVersionRemoved] }),
    ModelsModule,
    UploadedModelsModule,
    PlacementModule,
  ],
})
export class AppModule {}
