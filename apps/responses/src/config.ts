/** The settings of the responses service. */
import { integer, secret, setting } from '@xerotier/config';
import type { ConfigOf } from '@xerotier/config';
import { databaseSettings } from '@xerotier/db';
import { sealingKey } from '@xerotier/sealing';
import { natsSettings, serviceSettings } from '@xerotier/process';

export const settings = {
  service: serviceSettings,
  database: databaseSettings,
  nats: natsSettings,
  keys: {
    master: secret(
      'RESPONSES_MASTER_KEY',
      sealingKey,
      'Key of 32 bytes, in base64 or hexadecimal, that the data keys of projects are encrypted with, so that a copy of the database alone reveals nothing. Generate one with `openssl rand -base64 32` and keep it outside the database: without it, stored data is lost.',
    ),
    previousMaster: secret(
      'RESPONSES_MASTER_KEY_PREVIOUS',
      sealingKey.optional(),
      'The previous RESPONSES_MASTER_KEY, during a rotation: at its start the service rewraps all data keys with the new one.',
    ),
  },
  retention: {
    purgeSeconds: setting(
      'RETENTION_PURGE_SECONDS',
      integer({ min: 1, max: 86_400 }).default(600),
      'Seconds between two deletions of stored completions that are older than the retention of their project. Default 600.',
    ),
  },
} as const;

export type ResponsesConfig = ConfigOf<typeof settings>;
