import { Module } from '@nestjs/common';
import { DatabaseModule } from '@xerotier/service-host/database';
import { database } from '../db/database.ts';
import { DataKeysModule } from './data-keys.module.ts';

/** The module of the `reencrypt` command: the database, without the bus. */
@Module({ imports: [DatabaseModule.forRoot(database), DataKeysModule] })
export class ReencryptCommandModule {}
