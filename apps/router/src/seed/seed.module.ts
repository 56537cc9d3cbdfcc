import { Module } from '@nestjs/common';
import { DatabaseModule } from '@xerotier/service-host/database';
import { database } from '../db/database.ts';
import { ModelsModule } from '../models/models.module.ts';

/** What the `seed` command runs in: the database, and no bus. */
@Module({ imports: [DatabaseModule.forRoot(database), ModelsModule] })
export class SeedModule {}
