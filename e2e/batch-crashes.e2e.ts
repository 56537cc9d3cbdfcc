/**
 * Batches lose nothing and charge nothing twice, whatever is killed while they run (DUR-1 and DUR-3 of docs/reliability.md).
 * `npm run test:chaos` kills more often, and runs more lines.
 */
import { scriptedPlatform } from '@xerotier/dev';
import { silentLog } from '@xerotier/log/testing';
import { connectRedis } from '@xerotier/redis';
import { eventually } from '@xerotier/testing';
import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import OpenAI from 'openai';
import { AdditionalProcess, stopAdditionalProcesses } from './support/additional-process.ts';
import { checkBatch, completedLines } from './support/batch-checker.ts';
import type { BatchFindings } from './support/batch-checker.ts';
import { BatchClient, chatLine } from './support/batch-client.ts';
import { isChaos } from './support/chaos.ts';
import { dedicatedPlatform } from './support/test-platform.ts';

const LINES = isChaos ? 5_000 : 600;
const KILLS = isChaos ? 40 : 3;
const CLEAN: Partial<BatchFindings> = { lost: [], repeated: [], invented: [], unpaid: [], overpaid: 0, remains: 0 };

const test = dedicatedPlatform(() => scriptedPlatform({ slots: 16 }));
afterEach(stopAdditionalProcesses);

let before = 0;

async function check(customIds: readonly string[], batchId: string): Promise<BatchFindings> {
  const { databaseUrl, projectId } = test.description;
  const findings = await checkBatch(batchId, { batches: client(), databaseUrl, projectId, customIds });
  const overpaid = findings.overpaid - before;
  before += findings.succeeded;
  return { ...findings, overpaid };
}

const client = (): BatchClient =>
  new BatchClient(new OpenAI({ baseURL: test.description.projectUrl, apiKey: test.description.apiKey }));

/** Creates a batch of lines that take a while. */
async function begin(
  prefix: string,
  { count = LINES, delayMs = 20 } = {},
): Promise<{ id: string; customIds: string[] }> {
  const customIds = Array.from({ length: count }, (_, at) => `${prefix}-${at}`);
  const lines = customIds.map((id) => chatLine(id, { tokens: 3, delayMs: randomInt(delayMs / 2, delayMs * 2) }));
  const input = lines.join('\n');
  return { id: (await client().create(input)).id, customIds };
}

it(`when instances of the batch service are killed, ${KILLS} times`, async () => {
  const service = test.platform.service('batch');
  let other = await AdditionalProcess.start(service);
  const { id, customIds } = await begin('batch');
  for (let kill = 0; kill < KILLS; kill += 1) {
    await delay(randomInt(500, isChaos ? 3_000 : 1_500));
    // Whoever works on it: the other one takes over.
    await service.kill('SIGKILL');
    other.signal('SIGKILL');
    await other.exited;
    [other] = await Promise.all([AdditionalProcess.start(service), service.start()]);
  }
  const ended = await client().ended(id, 600_000);
  expect(ended).toMatchObject({ status: 'completed', request_counts: { total: LINES, completed: LINES, failed: 0 } });
  expect(await check(customIds, id)).toMatchObject({ ...CLEAN, succeeded: LINES });
}, 1_200_000);

// Half a minute: until the lease and the lock of the suspended instance are over.
const suspended = async (): Promise<void> => {
  const service = test.platform.service('batch');
  const count = 1_800;
  const { id, customIds } = await begin('suspended', { count, delayMs: 60 });
  const done = (): Promise<number> => completedLines(test.description.databaseUrl, id);
  await eventually('some lines are done', async () => (await done()) > 20 || undefined);
  // Between two transactions, so that it has results that are not kept yet.
  await delay(120);
  // From here on it does not respond to clients either.
  process.kill(service.pid as number, 'SIGSTOP');
  const before = await done();
  await AdditionalProcess.start(service);
  await eventually('the other one has taken over', async () => (await done()) > before + 40 || undefined);
  process.kill(service.pid as number, 'SIGCONT');
  const ended = await client().ended(id, 600_000);
  expect(ended.request_counts).toEqual({ total: count, completed: count, failed: 0 });
  expect(await check(customIds, id)).toMatchObject({ ...CLEAN, succeeded: count });
};
if (isChaos) it('when an instance is suspended, and continues after another one has taken over', suspended, 1_200_000);

it('when gateways, workers and auth are killed, and Redis forgets everything', async () => {
  const { id, customIds } = await begin('others');
  const redis = connectRedis({ url: test.description.redisUrl, name: 'test', log: silentLog(), waitsForServer: true });
  const killed = ['gateway', 'auth', 'xim', 'files', 'router'];
  for (const name of isChaos ? [...killed, ...killed] : killed) {
    await delay(randomInt(300, 900));
    await redis.flushall();
    await test.platform.service(name).kill('SIGKILL');
    await test.platform.service(name).start();
  }
  redis.disconnect();
  const ended = await client().ended(id, 600_000);
  expect(ended.request_counts).toEqual({ total: LINES, completed: LINES, failed: 0 });
  expect(await check(customIds, id)).toMatchObject({ ...CLEAN, succeeded: LINES });
}, 1_200_000);
