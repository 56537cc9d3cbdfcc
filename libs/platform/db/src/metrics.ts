/** Metrics of the connection pool. */
import { gauge } from '@xerotier/telemetry';
import type pg from 'pg';
import type { DataSource } from 'typeorm';

export const metrics = {
  poolConnections: gauge({
    name: 'xerotier_database_pool_connections',
    about: 'Connections to PostgreSQL that are open.',
    unit: 'connections',
    labels: { schema: 'the database schema of the service', state: '`in_use` or `idle`' },
  }),
  poolWaiting: gauge({
    name: 'xerotier_database_pool_waiting',
    about: 'Queries that wait for a connection of the pool.',
    unit: 'queries',
    labels: { schema: 'the database schema of the service' },
  }),
};

/** Has the pool of a data source read when it is scraped, for as long as it is open. */
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
