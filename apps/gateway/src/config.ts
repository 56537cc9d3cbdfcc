/** The settings of the gateway. */
import { boolean, integer, port, setting } from '@xerotier/config';
import type { ConfigOf } from '@xerotier/config';
import { egressSettings } from '@xerotier/egress';
import { inferenceSettings } from '@xerotier/inference/settings';
import { redisSettings } from '@xerotier/redis';
import { natsSettings, serviceSettings } from '@xerotier/process';
import { z } from 'zod';

const DOMAIN = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/;

/** As in the `Origin` header: scheme, host and port, without a path. */
const origins = z.string().transform((text, context): readonly string[] | '*' => {
  const entries = text.split(',').map((entry) => entry.trim());
  if (entries.length === 1 && entries[0] === '*') return '*';
  const invalid = entries.find((entry) => !/^https?:\/\//.test(entry) || originOf(entry) !== entry);
  if (invalid === undefined) return entries;
  const suggestion = originOf(invalid);
  context.addIssue({
    code: 'custom',
    message: `must be comma-separated origins such as https://app.example.com, or *; ${JSON.stringify(invalid)} is not an origin${suggestion === undefined ? '' : `, did you mean ${suggestion}?`}`,
  });
  return z.NEVER;
});

function originOf(text: string): string | undefined {
  const origin = URL.canParse(text) ? new URL(text).origin : 'null';
  return origin === 'null' ? undefined : origin;
}

export const settings = {
  service: serviceSettings,
  nats: natsSettings,
  redis: redisSettings,
  egress: egressSettings,
  usage: inferenceSettings.usage,
  http: {
    host: setting(
      'HTTP_HOST',
      z.string().default('127.0.0.1'),
      'Address that the public API listens on. Default 127.0.0.1; 0.0.0.0 in containers.',
    ),
    port: setting('HTTP_PORT', port.default(8080), 'Port of the public API. Default 8080; 0 for a random free port.'),
    drainDelayMs: setting(
      'DRAIN_DELAY_MS',
      integer({ min: 0, max: 60_000 }).default(0),
      'Milliseconds for which a stopping gateway still accepts connections, until load balancers have detected that it is not ready. Default 0; 5000 behind Kubernetes services.',
    ),
    trustedProxies: setting(
      'TRUSTED_PROXIES',
      integer({ min: 0, max: 10 }).default(0),
      'Number of trusted proxies in front of the gateway, for X-Forwarded-For. Default 0.',
    ),
    corsOrigins: setting(
      'CORS_ORIGINS',
      origins.optional(),
      'Comma-separated origins of web pages that may use the API from a browser (https://app.example.com,http://localhost:3000), or * for all. Keys in a page can be read by everyone who opens it. Not set by default: browsers block cross-origin requests.',
    ),
    checkResponses: setting(
      'CHECK_RESPONSES',
      boolean.default(false),
      'Validates each response against the definition of its operation, and replaces an invalid one by a 500 with an error in the log. For development and tests. Default false.',
    ),
    publicDomain: setting(
      'PUBLIC_DOMAIN',
      z
        .string()
        .max(200)
        .toLowerCase()
        .regex(DOMAIN, 'must be a domain such as api.example.com, without scheme and port')
        .optional(),
      'Domain of endpoint host names: {endpoint}.{project}.<domain>/v1 is /{project}/{endpoint}/v1, and {project}.<domain>/v1 is /{project}/v1. Not set by default: hosts are ignored.',
    ),
  },
  webSockets: {
    perProjectMax: setting(
      'WEBSOCKETS_PER_PROJECT_MAX',
      integer({ min: 0, max: 10_000 }).default(200),
      'Maximum number of WebSockets that a project has open on one gateway. Default 200; 0 for none.',
    ),
    perKeyMax: setting(
      'WEBSOCKETS_PER_KEY_MAX',
      integer({ min: 0, max: 10_000 }).default(100),
      'Maximum number of WebSockets that an API key has open on one gateway. Default 100; 0 for none.',
    ),
    lifetimeSeconds: setting(
      'WEBSOCKET_LIFETIME_SECONDS',
      integer({ min: 1, max: 86_400 }).default(3_600),
      'Seconds for which a WebSocket is open at most. Default 3600.',
    ),
    idleSeconds: setting(
      'WEBSOCKET_IDLE_SECONDS',
      integer({ min: 1, max: 86_400 }).default(600),
      'Seconds without a request after which a WebSocket is closed. Default 600.',
    ),
    pingSeconds: setting(
      'WEBSOCKET_PING_SECONDS',
      integer({ min: 1, max: 3_600 }).default(30),
      'Seconds between the pings on a WebSocket; without a pong until the next one, it is closed. Default 30.',
    ),
  },
  limits: {
    ...inferenceSettings.limits,
    managementRequestsPerMinute: setting(
      'MANAGEMENT_REQUESTS_PER_MINUTE',
      integer({ min: 1, max: 1_000_000 }).default(600),
      'Maximum requests per minute to the management API of a project, and of an account outside of projects. Default 600.',
    ),
  },
} as const;

export type GatewayConfig = ConfigOf<typeof settings>;
