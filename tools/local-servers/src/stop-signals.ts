import type { ServerKind } from './programs.ts';

/** What asks each server for a clean end. For PostgreSQL it is the fast one, which does not wait for clients to leave. */
export const STOP_SIGNALS: Readonly<Record<ServerKind, NodeJS.Signals>> = {
  nats: 'SIGTERM',
  redis: 'SIGTERM',
  postgres: 'SIGINT',
  nginx: 'SIGTERM',
};
