/** The settings of the router. */
import { integer, setting } from '@xerotier/config';
import type { ConfigOf } from '@xerotier/config';
import { databaseSettings } from '@xerotier/db';
import { natsSettings, serviceSettings } from '@xerotier/process';

export const settings = {
  service: serviceSettings,
  database: databaseSettings,
  nats: natsSettings,
  placement: {
    queueLengthMax: setting(
      'ROUTER_QUEUE_LENGTH_MAX',
      integer({ min: 1, max: 1_000_000 }).default(1_000),
      'Maximum number of queued requests per model in this router; further ones are rejected with 503. Default 1000.',
    ),
    workerAbsenceMs: setting(
      'ROUTER_WORKER_ABSENCE_MS',
      integer({ min: 0, max: 3_600_000 }).default(15_000),
      'How long requests wait, in milliseconds, for a model whose last worker left, before they are rejected. Default 15000: enough for a worker to restart.',
    ),
  },
} as const;

export type RouterConfig = ConfigOf<typeof settings>;
