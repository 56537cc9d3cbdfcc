/** The settings of every service. */
import { integer, logLevel, port, setting, url } from '@xerotier/config';
import { telemetrySettings } from '@xerotier/telemetry';
import { z } from 'zod';

export const serviceSettings = {
  logLevel: setting(
    'LOG_LEVEL',
    logLevel,
    'Least severe level that is logged: trace, debug, info, warn, error, fatal or silent. Default info.',
  ),
  healthHost: setting(
    'HEALTH_HOST',
    z.string().default('127.0.0.1'),
    'Address of /livez, /readyz and /metrics. Default 127.0.0.1; 0.0.0.0 in containers.',
  ),
  healthPort: setting(
    'HEALTH_PORT',
    port.default(0),
    'Port of /livez, /readyz and /metrics. Default 0: any free port, which is logged.',
  ),
  graceMs: setting(
    'SHUTDOWN_GRACE_MS',
    integer({ min: 1_000, max: 3_600_000 }).default(25_000),
    'Grace period in milliseconds: how long running work may continue after SIGTERM before it is aborted. Default 25000. Keep it below the time after which the orchestrator sends SIGKILL.',
  ),
  telemetry: telemetrySettings,
} as const;

export const natsSettings = {
  url: setting(
    'NATS_URL',
    url('nats', 'tls'),
    'URL of NATS, for example nats://127.0.0.1:4222, or nats://user:password@127.0.0.1:4222.',
  ),
} as const;
