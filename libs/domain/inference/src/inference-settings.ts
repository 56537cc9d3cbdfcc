/** Its own entry point: tools read settings without compiling decorators. */
import { integer, secret, setting } from '@xerotier/config';
import { sealingKey } from '@xerotier/sealing';

/** What `InferenceModule` reads: the fields `usage` and `limits` of the settings of a service, which may have more in them. */
export const inferenceSettings = {
  usage: {
    sealKey: secret(
      'USAGE_SEAL_KEY',
      sealingKey,
      'Key of 32 bytes, in base64 or hexadecimal, the same as that of auth: what the ledger has to know of a request is encrypted with it on its way through the worker. Generate one with `openssl rand -hex 32`.',
    ),
  },
  limits: {
    requestTimeoutMs: setting(
      'REQUEST_TIMEOUT_MS',
      integer({ min: 1_000, max: 86_400_000 }).default(600_000),
      'Maximum milliseconds from the admission of a request to its last token, unless its tier has a lower one. Default 600000 (10 minutes).',
    ),
    queueTimeoutMs: setting(
      'QUEUE_TIMEOUT_MS',
      integer({ min: 100, max: 3_600_000 }).default(30_000),
      'Maximum milliseconds that a request waits for a free worker. Default 30000.',
    ),
  },
} as const;
