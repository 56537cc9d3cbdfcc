/** The settings of the responses service. */
import { secret } from '@xerotier/config';
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
      'Key of 32 bytes, in base64 or hexadecimal, that the keys of what projects store are encrypted with, so that a copy of the database alone shows nothing. Make one with `openssl rand -base64 32` and keep it outside the database: without it, what is stored is lost.',
    ),
    previousMaster: secret(
      'RESPONSES_MASTER_KEY_PREVIOUS',
      sealingKey.optional(),
      'The key before RESPONSES_MASTER_KEY, while that is being replaced: at its start the service moves everything from the one to the other.',
    ),
  },
} as const;

export type ResponsesConfig = ConfigOf<typeof settings>;
