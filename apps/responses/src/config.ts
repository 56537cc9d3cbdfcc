/** The settings of the responses service. */
import { integer, setting } from '@xerotier/config';
import type { ConfigOf } from '@xerotier/config';
import { dataKeySettings } from '@xerotier/data-keys/settings';
import { databaseSettings } from '@xerotier/db';
import { egressSettings } from '@xerotier/egress';
import { inferenceSettings } from '@xerotier/inference/settings';
import { inputFileSettings } from '@xerotier/input-files/settings';
import { natsSettings, serviceSettings } from '@xerotier/process';
import { redisSettings } from '@xerotier/redis';

export const settings = {
  service: serviceSettings,
  database: databaseSettings,
  nats: natsSettings,
  redis: redisSettings,
  keys: dataKeySettings('RESPONSES_MASTER_KEY'),
  usage: inferenceSettings.usage,
  limits: inferenceSettings.limits,
  egress: egressSettings,
  inputFiles: inputFileSettings,
  background: {
    runsMax: setting(
      'RESPONSES_BACKGROUND_MAX',
      integer({ min: 1, max: 1_000 }).default(64),
      'Maximum number of responses that one instance runs in the background at the same time; further ones are queued. Default 64.',
    ),
  },
  retention: {
    purgeSeconds: setting(
      'RETENTION_PURGE_SECONDS',
      integer({ min: 1, max: 86_400 }).default(600),
      'Seconds between two deletions of stored completions and responses that are older than the retention of their project. Default 600.',
    ),
  },
} as const;

export type ResponsesConfig = ConfigOf<typeof settings>;
