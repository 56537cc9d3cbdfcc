import { secret } from '@xerotier/config';
import type { ConfigOf } from '@xerotier/config';
import { databaseSettings } from '@xerotier/db';
import { natsSettings, serviceSettings } from '@xerotier/process';
import { z } from 'zod';

/** The settings of the auth service. */
export const settings = {
  service: serviceSettings,
  database: databaseSettings,
  nats: natsSettings,
  keys: {
    pepper: secret(
      'AUTH_KEY_PEPPER',
      z.string().min(32, 'must have at least 32 characters'),
      'Secret of at least 32 characters that is mixed into the stored hashes of API keys, so that a copy of the database alone checks no key. Make one with `openssl rand -base64 32`, keep it outside the database, and never change it: every key would become unknown.',
    ),
  },
} as const;

export type AuthConfig = ConfigOf<typeof settings>;
