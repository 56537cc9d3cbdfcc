/** The settings of the gateway. */
import { boolean, integer, port, setting } from '@xerotier/config';
import type { ConfigOf } from '@xerotier/config';
import { redisSettings } from '@xerotier/redis';
import { natsSettings, serviceSettings } from '@xerotier/process';
import { z } from 'zod';

const DOMAIN = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/;

/** As browsers write them: scheme, host and port, and nothing behind. */
const origins = z.string().transform((text, context): readonly string[] | '*' => {
  const entries = text.split(',').map((entry) => entry.trim());
  if (entries.length === 1 && entries[0] === '*') return '*';
  const wrong = entries.find((entry) => !/^https?:\/\//.test(entry) || trackedContextOf(entry) !== entry);
  if (wrong === undefined) return entries;
  const meant = trackedContextOf(wrong);
  context.addIssue({
    code: 'custom',
    message: `must be origins such as https://app.example.com, separated by commas, or * alone; ${JSON.stringify(wrong)} is none${meant === undefined ? '' : `, but ${meant} is`}`,
  });
  return z.NEVER;
});

function trackedContextOf(text: string): string | undefined {
  const origin = URL.canParse(text) ? new URL(text).origin : 'null';
  return origin === 'null' ? undefined : origin;
}

export const settings = {
  service: serviceSettings,
  nats: natsSettings,
  redis: redisSettings,
  http: {
    host: setting(
      'HTTP_HOST',
      z.string().default('127.0.0.1'),
      'Address that the public API listens on. Default 127.0.0.1; 0.0.0.0 in containers.',
    ),
    port: setting('HTTP_PORT', port.default(8080), 'Port of the public API. Default 8080; 0 for any free one.'),
    drainDelayMs: setting(
      'DRAIN_DELAY_MS',
      integer({ min: 0, max: 60_000 }).default(0),
      'Milliseconds for which a stopping gateway still accepts connections, while load balancers notice that it is not ready. Default 0; 5000 behind Kubernetes services.',
    ),
    trustedProxies: setting(
      'TRUSTED_PROXIES',
      integer({ min: 0, max: 10 }).default(0),
      'How many proxies in front of the gateway are trusted to say where a request comes from (X-Forwarded-For). Default 0.',
    ),
    corsOrigins: setting(
      'CORS_ORIGINS',
      origins.optional(),
      'Origins of web pages that may use the API from a browser, separated by commas (https://app.example.com,http://localhost:3000), or * for all. Keys in a page can be read by whoever opens it. Not set by default: browsers let no page of another origin read responses.',
    ),
    checkResponses: setting(
      'CHECK_RESPONSES',
      boolean.default(false),
      'Whether each response is held against the definition of its operation, and is a 500 with an error in the log where it does not fit. For development and tests. Default false.',
    ),
    publicDomain: setting(
      'PUBLIC_DOMAIN',
      z
        .string()
        .max(200)
        .toLowerCase()
        .regex(DOMAIN, 'must be a domain such as api.example.com, without scheme and port')
        .optional(),
      'Domain below which hosts name endpoints: {endpoint}.{project}.<domain>/v1 is /{project}/{endpoint}/v1, and {project}.<domain>/v1 is /{project}/v1. Not set by default: hosts are not looked at.',
    ),
  },
  limits: {
    requestTimeoutMs: setting(
      'REQUEST_TIMEOUT_MS',
      integer({ min: 1_000, max: 86_400_000 }).default(600_000),
      'Milliseconds that one request may take from its arrival to its last token. Default 600000 (10 minutes).',
    ),
    queueTimeoutMs: setting(
      'QUEUE_TIMEOUT_MS',
      integer({ min: 100, max: 3_600_000 }).default(30_000),
      'Milliseconds that one request may wait for a free worker. Default 30000.',
    ),
  },
} as const;

export type GatewayConfig = ConfigOf<typeof settings>;
