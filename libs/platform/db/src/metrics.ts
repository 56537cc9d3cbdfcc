/** Metrics of the connection pool. */
import { gauge } from '@xerotier/telemetry';
import type pg from 'pg';
import type { DataSource } from 'typeorm';

export const metrics = {
  poolConnections: gauge({
    name: 'xerotier_database_pool_connections',
    about: 'Open connections to PostgreSQL.',
    unit: 'connections',
    labels: { schema: 'the database schema of the service', state: '`in_use` or `idle`' },
  }),
  poolWaiting: gauge({
    name: 'xerotier_database_pool_waiting',
    about: 'Queries waiting for a connection of the pool.',
    unit: 'queries',
    labels: { schema: 'the database schema of the service' },
  }),
};

/** Observes the connection pool of a data source until it is closed. */
export function observePool(dataSource: DataSource, schema: string): void {
  const pool = (): pg.Pool | undefined => {
    if (!dataSource.isInitialized) ends.forEach((end) => end());
    return dataSource.isInitialized ? (dataSource.driver as unknown as { master?: pg.Pool }).master : undefined;
  };
  const ends = [
    metrics.poolConnections.observe(() => {
      const { totalCount = 0, idleCount = 0 } = pool() ?? {};
      return [
        [{ schema, state: 'in_use' }, totalCount - idleCount],
        [{ schema, state: 'idle' }, idleCount],
      ];
    }),
    metrics.poolWaiting.observe(() => [[{ schema }, pool()?.waitingCount ?? 0]]),
  ];
}
