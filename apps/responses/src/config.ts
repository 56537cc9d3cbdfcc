/** The settings of the responses service. */
import { integer, setting } from '@xerotier/config';
import type { ConfigOf } from '@xerotier/config';
import { dataKeySettings } from '@xerotier/data-keys/settings';
import { databaseSettings } from '@xerotier/db';
import { egressSettings } from '@xerotier/egress';
import { inferenceSettings } from '@xerotier/inference/settings';
import { natsSettings, serviceSettings } from '@xerotier/process';

export const settings = {
  service: serviceSettings,
  database: databaseSettings,
  nats: natsSettings,
  keys: dataKeySettings('RESPONSES_MASTER_KEY'),
  usage: inferenceSettings.usage,
  limits: inferenceSettings.limits,
  egress: egressSettings,
  retention: {
    purgeSeconds: setting(
      'RETENTION_PURGE_SECONDS',
      integer({ min: 1, max: 86_400 }).default(600),
      'Seconds between two deletions of stored completions that are older than the retention of their project. Default 600.',
    ),
  },
} as const;

export type ResponsesConfig = ConfigOf<typeof settings>;
