/** The settings of every service that uses Redis. */
import { setting, url } from '@xerotier/config';

export const redisSettings = {
  url: setting('REDIS_URL', url('redis', 'rediss'), 'URL of Redis, for example redis://127.0.0.1:6379.'),
} as const;
