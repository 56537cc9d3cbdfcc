import { Module } from '@nestjs/common';
import { DatabaseModule } from '@xerotier/service-host/database';
import { AccessChangesModule } from '../access/access-changes.module.ts';
import { database } from '../db/database.ts';
import { ApiKeysModule } from './api-keys.module.ts';

/** The module of the `keys` command: the database, without the bus. */
@Module({
  imports: [DatabaseModule.forRoot(database), AccessChangesModule.pending(), ApiKeysModule],
})
export class KeysCommandModule {}
