import { silentLog } from '@xerotier/log/testing';
import { connectRedis } from '@xerotier/redis';
import type { RedisClient } from '@xerotier/redis';
import { testServers } from '@xerotier/testing';
import type { FastifyRequest } from 'fastify';
import { once } from 'node:events';
import { ManagementLimit } from './management-limit.service.ts';
import { RateLimitsService } from './rate-limits.service.ts';

const servers = testServers('redis');
let redis: RedisClient;
let limits: RateLimitsService;
let requests = 0;

beforeAll(async () => {
  redis = connectRedis({ url: servers.redis.url, name: 'test', log: silentLog() });
  limits = new RateLimitsService(redis, silentLog());
  await once(redis, 'ready');
});

afterAll(() => {
  limits.onModuleDestroy();
  redis.disconnect();
});

function newLimit(managementRequestsPerMinute: number): ManagementLimit {
  return new ManagementLimit(limits, {
    limits: { managementRequestsPerMinute, requestTimeoutMs: 1_000, queueTimeoutMs: 1_000 },
  });
}

const byKey = (projectId: string): object => ({ access: { project: { id: projectId } } });
const byMember = (projectId: string): object => ({
  memberAccess: { project: { id: projectId } },
  session: { account: { id: 'user_1' } },
});
const byUser = (id: string): object => ({ session: { account: { id } } });

function admit(limit: ManagementLimit, caller: object): Promise<void> {
  return limit.admitOrReject({ id: `req_${++requests}`, ...caller } as FastifyRequest);
}

it('counts the keys and members of a project together', async () => {
  const limit = newLimit(2);
  await admit(limit, byKey('proj_A'));
  await admit(limit, byMember('proj_A'));
  await expect(admit(limit, byKey('proj_A'))).rejects.toMatchObject({
    code: 'limits.management_exceeded',
    status: 429,
    retryAfterSeconds: expect.any(Number),
  });
  await admit(limit, byKey('proj_B'));
});

it('counts what an account does outside of projects on its own', async () => {
  const limit = newLimit(1);
  await admit(limit, byUser('user_1'));
  await expect(admit(limit, byUser('user_1'))).rejects.toMatchObject({ code: 'limits.management_exceeded' });
  await admit(limit, byUser('user_2'));
  await admit(limit, byMember('proj_C'));
});

it('does not count a caller that nobody has authorized', async () => {
  const limit = newLimit(1);
  await admit(limit, {});
  await admit(limit, {});
});
