import { Module } from '@nestjs/common';
import { DatabaseModule } from '@xerotier/service-host/database';
import { AccessChangesModule } from '../access/access-changes.module.ts';
import { ChangesModule } from '../changes/changes.module.ts';
import { database } from '../db/database.ts';
import { PricesService } from './prices.service.ts';

/** The module of the `prices` command: the database, without the bus. */
@Module({
  imports: [DatabaseModule.forRoot(database), AccessChangesModule.pending(), ChangesModule],
  providers: [PricesService],
})
export class PricesCommandModule {}
