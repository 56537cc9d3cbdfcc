/** The settings of the batch service. */
import { integer, setting } from '@xerotier/config';
import type { ConfigOf } from '@xerotier/config';
import { dataKeySettings } from '@xerotier/data-keys/settings';
import { databaseSettings } from '@xerotier/db';
import { natsSettings, serviceSettings } from '@xerotier/process';
import { redisSettings } from '@xerotier/redis';

export const settings = {
  service: serviceSettings,
  database: databaseSettings,
  nats: natsSettings,
  redis: redisSettings,
  keys: dataKeySettings('BATCH_MASTER_KEY'),
  runs: {
    batches: setting(
      'BATCH_RUNS_MAX',
      integer({ min: 1, max: 64 }).default(4),
      'Maximum number of batches that one instance runs at the same time; further ones wait. Default 4.',
    ),
    lines: setting(
      'BATCH_LINES_MAX',
      integer({ min: 1, max: 10_000 }).default(256),
      'Maximum number of lines of one batch that run at the same time. How many do is found by what the workers have idle. Default 256.',
    ),
  },
} as const;

export type BatchConfig = ConfigOf<typeof settings>;
