import { Module } from '@nestjs/common';
import { DatabaseModule } from '@xerotier/service-host/database';
import { AccessChangesModule } from '../access/access-changes.module.ts';
import { ChangesModule } from '../changes/changes.module.ts';
import { database } from '../db/database.ts';
import { BootstrapTokensService } from './bootstrap-tokens.service.ts';

/** The module of the `bootstrap` command: the database, without the bus. */
@Module({
  imports: [DatabaseModule.forRoot(database), AccessChangesModule.pending(), ChangesModule],
  providers: [BootstrapTokensService],
})
export class BootstrapCommandModule {}
