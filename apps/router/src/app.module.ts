import { Module } from '@nestjs/common';
import { routerContract } from '@xerotier/contracts/router';
import { BusModule } from '@xerotier/service-host';
import { DatabaseModule } from '@xerotier/service-host/database';
import { database } from './db/database.ts';
import { ModelsModule } from './models/models.module.ts';
import { PlacementModule } from './placement/placement.module.ts';

@Module({
  imports: [
    DatabaseModule.forRoot(database),
    BusModule.forRoot({ serves: [routerContract] }),
    ModelsModule,
    PlacementModule,
  ],
})
export class AppModule {}
