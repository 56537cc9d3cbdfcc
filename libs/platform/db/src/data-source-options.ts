import type { Logger } from '@xerotier/log';
import pg from 'pg';
import type { DataSourceOptions, EntitySchema, MigrationInterface } from 'typeorm';
import { SteadyClient } from './steady-client.ts';
import { lossReporter } from './loss-reporter.ts';
import { quietLogger } from './quiet-logger.ts';
import { SnakeCaseNamingStrategy } from './snake-case-naming-strategy.ts';

export type MigrationClass = new () => MigrationInterface;
/** A class with `@Entity`. */
export type EntityClass = (new () => object) | EntitySchema;

/** The schema of a service: its tables and migrations. */
export interface DatabaseDefinition {
  /** The service's own schema: lower-case letters, digits and _. */
  readonly schema: string;
  /** One class for each table. */
  readonly entities: readonly EntityClass[];
  /** Append only, oldest first. */
  readonly migrations: readonly MigrationClass[];
}

/** Identifies a service's schema and the client that connects to it. */
export interface DatabaseTarget {
  readonly url: string;
  /** The service's own schema: lower-case letters, digits and _. */
  readonly schema: string;
  /** Shown in pg_stat_activity. Default: the schema's name. */
  readonly applicationName?: string;
  readonly log: Logger;
}

export interface ConnectionBounds {
  readonly poolMax: number;
  /** Maximum wait for a connection, new or from the pool. */
  readonly connectTimeoutMs: number;
  /**
   * Maximum duration of a statement. The server cancels it; if the server does not respond either, the connection is
   * closed.
   */
  readonly statementTimeoutMs: number;
  /** Maximum wait of a statement for a lock. Default: no limit of its own. */
  readonly lockTimeoutMs?: number;
}

/** The client times out later than the server, so that the server can report the reason. */
const SILENCE_MARGIN_MS = 1_000;
const IDLE_TIMEOUT_MS = 30_000;
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 60_000;
/** Connections are renewed, so that they spread over all servers behind one address after a failover. */
const LIFETIME_SECONDS = 1_800;
const KEEP_ALIVE_AFTER_MS = 10_000;

export function dataSourceOptions(
  target: DatabaseTarget,
  bounds: ConnectionBounds,
  contents: Pick<DatabaseDefinition, 'entities' | 'migrations'>,
): DataSourceOptions {
  return {
    type: 'postgres',
    driver: pg,
    url: target.url,
    schema: target.schema,
    applicationName: target.applicationName ?? target.schema,
    entities: [...contents.entities],
    migrations: [...contents.migrations],
    namingStrategy: new SnakeCaseNamingStrategy(),
    synchronize: false,
    // Creating extensions needs privileges that a service should not have; gen_random_uuid() is built in.
    installExtensions: false,
    logger: quietLogger,
    poolSize: bounds.poolMax,
    connectTimeoutMS: bounds.connectTimeoutMs,
    poolErrorHandler: lossReporter(target.log),
    extra: {
      Client: SteadyClient,
      pipeline: true,
      statement_timeout: bounds.statementTimeoutMs,
      query_timeout: bounds.statementTimeoutMs + SILENCE_MARGIN_MS,
      ...(bounds.lockTimeoutMs !== undefined && { lock_timeout: bounds.lockTimeoutMs }),
      idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,
      idleTimeoutMillis: IDLE_TIMEOUT_MS,
      maxLifetimeSeconds: LIFETIME_SECONDS,
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEP_ALIVE_AFTER_MS,
    },
  };
}
