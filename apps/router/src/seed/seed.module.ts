import { Module } from '@nestjs/common';
import { DatabaseModule } from '@xerotier/service-host/database';
import { database } from '../db/database.ts';
import { ModelsModule } from '../models/models.module.ts';

/** The module of the `seed` command: the database, without the bus. */
@Module({ imports: [DatabaseModule.forRoot(database), ModelsModule] })
export class SeedModule {}
