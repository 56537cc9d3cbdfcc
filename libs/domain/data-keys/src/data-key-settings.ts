/** Its own entry point: tools read settings without compiling decorators. */
import { secret } from '@xerotier/config';
import type { Setting } from '@xerotier/config';
import { sealingKey } from '@xerotier/sealing';
import type { z } from 'zod';

/** Settings with the master key that protects the data keys of a service, as the field `keys` of its settings. */
export function dataKeySettings(name: string): {
  readonly master: Setting<typeof sealingKey>;
  readonly previousMaster: Setting<z.ZodOptional<typeof sealingKey>>;
} {
  return {
    master: secret(
      name,
      sealingKey,
      'Key of 32 bytes, in base64 or hexadecimal, that the data keys of projects are encrypted with, so that a copy of the database alone reveals nothing. Generate one with `openssl rand -base64 32` and keep it outside the database: without it, stored data is lost.',
    ),
    previousMaster: secret(
      `${name}_PREVIOUS`,
      sealingKey.optional(),
      `The previous ${name}, during a rotation: at its start the service rewraps all data keys with the new one.`,
    ),
  };
}
