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
      z.string().min(32, 'must be at least 32 characters long'),
      'Secret of at least 32 characters that the stored hashes of API keys depend on, so that a copy of the database alone cannot verify a key. Generate one with `openssl rand -base64 32`, keep it outside the database, and never change it: all keys would become invalid.',
    ),
  },
} as const;

export type AuthConfig = ConfigOf<typeof settings>;
