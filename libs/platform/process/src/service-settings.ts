/** The settings that every service has. */
import { integer, logLevel, port, setting, url } from '@xerotier/config';
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
    'Address that /livez and /readyz listen on. Default 127.0.0.1; 0.0.0.0 in containers.',
  ),
  healthPort: setting(
    'HEALTH_PORT',
    port.default(0),
    'Port of /livez and /readyz. Default 0: any free port, which the log names.',
  ),
  graceMs: setting(
    'SHUTDOWN_GRACE_MS',
    integer({ min: 1_000, max: 3_600_000 }).default(25_000),
    'Milliseconds that running work gets after SIGTERM before it is ended with an error. Default 25000. Keep it below what the orchestrator waits before SIGKILL.',
  ),
} as const;

export const natsSettings = {
  url: setting(
    'NATS_URL',
    url('nats', 'tls'),
    'Where NATS listens, for example nats://127.0.0.1:4222, or nats://user:password@127.0.0.1:4222.',
  ),
} as const;
