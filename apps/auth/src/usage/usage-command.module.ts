import { Module } from '@nestjs/common';
import { DatabaseModule } from '@xerotier/service-host/database';
import { database } from '../db/database.ts';
import { RollupsService } from './rollups.service.ts';

/** The module of the `usage` command: the database, without the bus. */
@Module({ imports: [DatabaseModule.forRoot(database)], providers: [RollupsService] })
export class UsageCommandModule {}
