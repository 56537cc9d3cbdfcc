/**
 * Batches lose nothing and charge nothing twice, whatever is killed while they run (DUR-1 and DUR-3 of docs/reliability.md).
 * `npm run test:chaos` kills more often, and runs more lines.
 */
import { linesDone } from '@xerotier/chaos';
import { scriptedPlatform } from '@xerotier/dev';
import { silentLog } from '@xerotier/log/testing';
import { connectRedis } from '@xerotier/redis';
import { eventually } from '@xerotier/testing';
import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { AdditionalProcess, stopAdditionalProcesses } from './support/additional-process.ts';
import { BatchRuns } from './support/batch-runs.ts';
import { isChaos } from './support/chaos.ts';
import { dedicatedPlatform } from './support/test-platform.ts';

const LINES = isChaos ? 5_000 : 600;
const KILLS = isChaos ? 40 : 3;

const test = dedicatedPlatform(() => scriptedPlatform({ slots: 16 }));
const runs = new BatchRuns(test);
afterEach(stopAdditionalProcesses);

it(`when instances of the batch service are killed, ${KILLS} times`, async () => {
  const service = test.platform.service('batch');
  let other = await AdditionalProcess.start(service);
  await runs.begin('batch', { count: LINES });
  for (let kill = 0; kill < KILLS; kill += 1) {
    await delay(randomInt(500, isChaos ? 3_000 : 1_500));
    // Whoever works on it: the other one takes over.
    await service.kill('SIGKILL');
    other.signal('SIGKILL');
    await other.exited;
    [other] = await Promise.all([AdditionalProcess.start(service), service.start()]);
  }
  await runs.expectComplete();
}, 1_200_000);

// Half a minute: until the lease and the lock of the suspended instance are over.
const suspended = async (): Promise<void> => {
  const service = test.platform.service('batch');
  const batch = await runs.begin('suspended', { count: 1_800, delayMs: 60 });
  const done = (): Promise<number> => linesDone(test.description.databaseUrl, batch.id);
  await eventually('some lines are done', async () => (await done()) > 20 || undefined);
  // Between two transactions, so that it has results that are not kept yet.
  await delay(120);
  // From here on it does not respond to clients either.
  process.kill(service.pid as number, 'SIGSTOP');
  const before = await done();
  await AdditionalProcess.start(service);
  await eventually('the other one has taken over', async () => (await done()) > before + 40 || undefined);
  process.kill(service.pid as number, 'SIGCONT');
  await runs.expectComplete();
};
if (isChaos) it('when an instance is suspended, and continues after another one has taken over', suspended, 1_200_000);

it('when gateways, workers and auth are killed, and Redis forgets everything', async () => {
  await runs.begin('others', { count: LINES });
  const redis = connectRedis({ url: test.description.redisUrl, name: 'test', log: silentLog(), waitsForServer: true });
  const killed = ['gateway', 'auth', 'xim', 'files', 'router'];
  for (const name of isChaos ? [...killed, ...killed] : killed) {
    await delay(randomInt(300, 900));
    await redis.flushall();
    await test.platform.service(name).kill('SIGKILL');
    await test.platform.service(name).start();
  }
  redis.disconnect();
  await runs.expectComplete();
}, 1_200_000);
