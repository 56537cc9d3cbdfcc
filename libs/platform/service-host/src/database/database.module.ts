import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import type { ConfigOf } from '@xerotier/config';
import { isDatabaseReachable, openDatabase } from '@xerotier/db';
import type { DatabaseDefinition, databaseSettings } from '@xerotier/db';
import type { Logger } from '@xerotier/log';
import { DataSource } from 'typeorm';
import { ReadinessRegistry } from '../readiness-registry.ts';
import { CONFIG, LOGGER } from '../tokens.ts';

const modules = new WeakMap<DatabaseDefinition, DynamicModule>();

interface DatabaseConfig {
  readonly database: ConfigOf<typeof databaseSettings>;
}

/**
 * The service's schema, through `@nestjs/typeorm`: opened (and migrated unless `DATABASE_MIGRATE_ON_START` is false)
 * before anything that injects a repository is created. Feature modules import `TypeOrmModule.forFeature([...])` and
 * inject repositories. Adds the readiness check `database`.
 */
@Module({})
export class DatabaseModule {
  /**
   * Returns the same module for the same definition: with a second one Nest would print a warning on standard output,
   * where commands write JSON.
   */
  static forRoot(definition: DatabaseDefinition): DynamicModule {
    const known = modules.get(definition);
    if (known !== undefined) return known;
    const created: DynamicModule = {
      module: DatabaseModule,
      imports: [
        TypeOrmModule.forRootAsync({
          inject: [CONFIG, LOGGER],
          useFactory: ({ database }: DatabaseConfig, log: Logger) => ({
            // Opened here and not by TypeOrmModule, whose retries handle neither a rejected login nor concurrent
            // migrations of replicas.
            type: 'postgres',
            retryAttempts: 1,
            open: () => openDatabase({ ...definition, ...database, log }),
          }),
          dataSourceFactory: (options) => (options as unknown as { open: () => Promise<DataSource> }).open(),
        }),
      ],
    };
    modules.set(definition, created);
    return created;
  }

  constructor(dataSource: DataSource, readiness: ReadinessRegistry) {
    readiness.add('database', () => isDatabaseReachable(dataSource));
  }
}
