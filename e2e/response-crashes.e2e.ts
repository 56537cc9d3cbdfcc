/**
 * Responses lose nothing, and their events have one numbering, whatever is killed while they run and are read: in the background they
 * complete, and those of a client that waits end. The ledger has each call of a model once. `npm run test:chaos` kills more often.
 */
import { killServer } from '@xerotier/chaos';
import { scriptedPlatform } from '@xerotier/dev';
import type { LocalServer } from '@xerotier/local-servers';
import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { isChaos } from './support/chaos.ts';
import { faultsOf, ResponseRuns } from './support/response-runs.ts';
import type { SeenEvent } from './support/response-runs.ts';
import { dedicatedPlatform } from './support/test-platform.ts';
import { UsageReportWatch } from './support/usage-reports.ts';

const ROUNDS = isChaos ? 15 : 1;
const COUNT = isChaos ? 50 : 4;
const CLIENTS = isChaos ? 10 : 2;
/** As long as all kills of a round. */
const SCRIPT = isChaos ? { tokens: 60, delayMs: 50 } : { tokens: 80, delayMs: 150 };
const DOWN_MS_MAX = isChaos ? 2_000 : 200;
const TIMEOUT_MS = isChaos ? 3_600_000 : 300_000;

const test = dedicatedPlatform(() => ({
  ...scriptedPlatform({ workers: 2, slots: 64 }),
  env: { USAGE_GRACE_SECONDS: '2', REQUEST_TIMEOUT_MS: '25000' },
}));
const runs = new ResponseRuns(test);

let reports: UsageReportWatch;
beforeAll(async () => {
  reports = await UsageReportWatch.connect(test.description.natsUrl);
});
afterAll(() => reports.close());

/** The responses service comes last: nothing runs until the leases of the killed one have expired. */
const ALL = ['gateway', 'router', 'xim', 'nats', 'redis', 'postgres', 'responses'];

async function kill(name: string): Promise<void> {
  const server = (test.platform.servers.started as Record<string, LocalServer | undefined>)[name];
  if (server !== undefined) return killServer(server, randomInt(DOWN_MS_MAX));
  const service = test.platform.service(name);
  await service.kill('SIGKILL');
  await delay(randomInt(DOWN_MS_MAX));
  await service.start();
}

// One set of responses for all in `npm test`, since each kill takes a while to recover from.
it.each<[string, string[]]>(isChaos ? ALL.map((name) => [name, [name]]) : [[ALL.join(', '), ALL]])(
  'when %s is killed',
  async (_, names) => {
    for (let round = 0; round < ROUNDS; round += 1) {
      await test.ready();
      await runs.begin('background', COUNT, SCRIPT);
      await runs.begin('streamed background', COUNT, SCRIPT);
      await runs.begin('streamed', CLIENTS, SCRIPT);
      await runs.progress(6);
      for (const name of names) {
        await delay(randomInt(isChaos ? 1_500 : 200));
        await kill(name);
      }
      await runs.expectComplete(reports);
    }
  },
  TIMEOUT_MS,
);

describe('the check of events finds', () => {
  const item = { id: 'msg_1', status: 'completed', content: [{ text: 'ab' }] };
  const delta = (number: number, text: string): SeenEvent => ({
    ...{ type: 'response.output_text.delta', sequence_number: number, item_id: 'msg_1', delta: text },
  });
  const end = (number: number): SeenEvent => ({
    ...{ type: 'response.completed', sequence_number: number },
    response: { id: 'resp_1', status: 'completed', output: [item] },
  });
  const good = [delta(0, 'a'), delta(1, 'b'), end(2)];

  it.each<[string, SeenEvent[], string]>([
    ['a gap', [delta(0, 'a'), delta(2, 'b'), end(3)], '2 at 1'],
    ['a repeated event', [delta(0, 'a'), delta(0, 'a'), delta(1, 'b'), end(2)], '0 at 1'],
    ['a missing end', good.slice(0, 2), 'ends at'],
    ['what comes after the end', [...good, delta(3, 'c')], 'ends at'],
    ['a lost text', [delta(0, 'a'), end(1)], 'differs'],
  ])('%s', (_, events, fault) => {
    expect(faultsOf(good)).toEqual([]);
    expect(faultsOf(events).join()).toContain(fault);
  });
});
