import type { ServerKind } from './programs.ts';

/**
 * The signal that stops each server gracefully. For PostgreSQL it is the fast shutdown, which does not wait for clients
 * to disconnect.
 */
export const STOP_SIGNALS: Readonly<Record<ServerKind, NodeJS.Signals>> = {
  nats: 'SIGTERM',
  redis: 'SIGTERM',
  postgres: 'SIGINT',
  nginx: 'SIGTERM',
  s3: 'SIGTERM',
};
