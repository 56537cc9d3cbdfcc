export { connectRedis } from './connect-redis.ts';
export type { RedisClient } from './connect-redis.ts';
export { redisSettings } from './redis-settings.ts';
