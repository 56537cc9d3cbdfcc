import { testServers } from '@xerotier/testing';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { reportsOf, textOf } from './queues.ts';

const servers = testServers('redis');

it('prints the queues of a Redis', async () => {
  expect(textOf(await reportsOf(servers.redis.url))).toBe('No queue has had a job yet.\n');
  const connection = new Redis(servers.redis.url, { maxRetriesPerRequest: null });
  const queue = new Queue('{q-batch-runs}', { connection });
  await queue.add('job', {}, { jobId: 'run_1' });
  await queue.add('job', {}, { jobId: 'run_22', delay: 60_000 });
  await queue.close();
  await connection.quit();
  const time = '2\\d{3}-\\d\\d-\\d\\dT[\\d:.]+Z';
  expect(textOf(await reportsOf(servers.redis.url))).toMatch(
    new RegExp(
      `^batch-runs  waiting 1    active 0    delayed 1    failed 0\n  waiting  run_1  ${time}\n  delayed  run_22 ${time}\n$`,
    ),
  );
});

it('prints why jobs have failed', () => {
  const counts = { waiting: 0, active: 0, delayed: 0, failed: 12 };
  const job = { state: 'failed', at: '2026-11-30T08:00:00.000Z', reason: 'db.unavailable' } as const;
  const jobs = [
    { ...job, id: 'a', attempts: 10 },
    { ...job, id: 'b', attempts: 1 },
  ];
  expect(textOf([{ name: 'runs', counts, jobs }])).toBe(
    [
      'runs  waiting 0    active 0    delayed 0    failed 12',
      '  failed   a 2026-11-30T08:00:00.000Z db.unavailable, 10 failed attempts',
      '  failed   b 2026-11-30T08:00:00.000Z db.unavailable, one failed attempt',
      '',
    ].join('\n'),
  );
});

it('says when Redis does not respond', async () => {
  await expect(reportsOf('redis://127.0.0.1:1')).rejects.toThrow('Redis does not respond');
});
