import { z } from 'zod';
import { storableText } from '../fields/storable-text.ts';
import { components } from '../openapi/components.ts';
import { pageQueryFields } from '../page/page.ts';

export const keyScope = z
  .enum(['inference', 'management', 'execution'])
  .describe('`inference` calls models, `management` manages the project, `execution` runs agents.');

const NETWORKS_MAX = 100;
/** The end of the year 9999. */
const INSTANT_MAX = 253_402_300_799;
const WINDOW_SECONDS_MAX = 31 * 24 * 3_600;
/** Seven days. */
const GRACE_SECONDS_MAX = 7 * 24 * 3_600;

const network = z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()], {
  error: 'must be an IPv4 or IPv6 address, or a network in CIDR notation',
});

export const ipFilterRequest = z
  .strictObject({
    allow: z.array(network).max(NETWORKS_MAX).default([]).describe('If not empty, only these may use the key.'),
    block: z
      .array(network)
      .max(NETWORKS_MAX)
      .default([])
      .describe('These may not use the key, even if they are allowed.'),
  })
  .register(components, { id: 'IpFilter' });

const quota = z.strictObject({
  requests: z.number().int().min(1).max(1_000_000_000),
  window_seconds: z.number().int().min(1).max(WINDOW_SECONDS_MAX),
});

export const quotaRequest = z
  .strictObject({
    requests: quota.shape.requests.nullable().describe('Null removes the quota.'),
    window_seconds: quota.shape.window_seconds.default(60),
  })
  .register(components, { id: 'KeyQuotaRequest' });

const name = storableText(256).min(1);

export const createApiKeyRequest = z
  .strictObject({
    name,
    scopes: z
      .array(keyScope)
      .min(1)
      .max(keyScope.options.length)
      .refine((scopes) => new Set(scopes).size === scopes.length, 'must not repeat a scope')
      .default(['inference']),
    expires_at: z
      .number()
      .int()
      .positive()
      .max(INSTANT_MAX)
      .nullable()
      .optional()
      .describe('Unix seconds. Default: it does not expire.'),
    endpoint: z
      .string()
      .max(63)
      .nullable()
      .optional()
      .describe('Slug of the only endpoint that the key may use. Default: all.'),
    ip_filter: ipFilterRequest.optional(),
    quota: quota.nullable().optional().describe('Requests in a window. Default: no quota.'),
  })
  .register(components, { id: 'CreateApiKeyRequest' });

export const rotateApiKeyRequest = z
  .strictObject({
    grace_seconds: z
      .number()
      .int()
      .min(0)
      .max(GRACE_SECONDS_MAX)
      .default(24 * 3_600)
      .describe('How long the current value remains valid.'),
  })
  .register(components, { id: 'RotateApiKeyRequest' });

export const apiKeysQuery = z.strictObject({
  ...pageQueryFields('desc'),
  include_inactive: z
    .enum(['true', 'false'])
    .default('false')
    .transform((text) => text === 'true')
    .describe('Whether revoked and expired keys are listed.'),
});
