/**
 * The ledger is exact through crashes (DUR-7 of docs/reliability.md): whatever is killed, it has what workers have computed,
 * once. `npm run test:chaos` kills more often.
 */
import { jetstreamManager } from '@nats-io/jetstream';
import { usageRecorded, usageReported } from '@xerotier/contracts/inference';
import { projectRoot, scriptedPlatform } from '@xerotier/dev';
import { silentLog } from '@xerotier/log/testing';
import { connectBus, ensureStream } from '@xerotier/nats';
import { eventually } from '@xerotier/testing';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { scripted } from './support/api-client.ts';
import { isChaos } from './support/chaos.ts';
import { Metrics } from './support/metrics.ts';
import { Ledger } from './support/ledger.ts';
import type { SourceRow } from './support/ledger.ts';
import { dedicatedPlatform } from './support/test-platform.ts';
import { UsageReportWatch } from './support/usage-reports.ts';

const KILLS = isChaos ? 100 : 20;
const GATEWAYS = 2;
const OUTAGE_MS = 10_000;
/** Kills of auth need more than the 30 s after which JetStream delivers again what auth had not stored. */
const GRACE_SECONDS = isChaos ? 40 : 2;
/** Rows are due after the deadline of a request and the grace period. */
const ROWS_TIMEOUT_MS = 60_000 + GRACE_SECONDS * 1_000;

const test = dedicatedPlatform(() => ({
  ...scriptedPlatform({ workers: 2, slots: 16 }),
  gateways: GATEWAYS,
  env: { USAGE_GRACE_SECONDS: String(GRACE_SECONDS), REQUEST_TIMEOUT_MS: '6000' },
}));

let reports: UsageReportWatch;
beforeAll(async () => {
  reports = await UsageReportWatch.connect(test.description.natsUrl);
});
afterAll(() => reports.close());

const ledger = (): Ledger => new Ledger(test.description.databaseUrl);
const gatewayNames = Array.from({ length: GATEWAYS }, (_, i) => (i === 0 ? 'gateway' : `gateway-${i + 1}`));

const clientOf = (gateway: string): typeof test.api =>
  test.api.with({ baseUrl: `http://127.0.0.1:${test.platform.service(gateway).facts['port']}` });

/** Sends a request and ignores how it ends: its gateway may be killed meanwhile. */
async function sendTo(gateway: string): Promise<void> {
  const tokens = Math.floor(Math.random() * 20);
  const body = scripted(
    { tokens, delayMs: Math.random() * 8, promptTokens: 5 + tokens },
    tokens % 4 === 0 ? { n: 2 } : {},
  );
  try {
    const client = clientOf(gateway);
    if (tokens % 2 === 0) await client.chat(body);
    else await (await client.stream(body)).ended;
  } catch {
    // Its gateway was killed.
  }
}

const load = (gateways: readonly string[], count: number): Promise<void>[] =>
  gateways.flatMap((gateway) => Array.from({ length: count }, () => sendTo(gateway)));

/** Waits until each reported request has one row, and expects that it has what was computed. */
async function expectExactLedger(): Promise<SourceRow[]> {
  await test.fleet.noneBusy();
  // Reports of the last generations are on their way.
  await delay(1_000);
  const { requestIds } = reports;
  await ledger().settled(requestIds, ROWS_TIMEOUT_MS);
  const rows = await ledger().rowsWithSource(requestIds);
  const recorded = Object.fromEntries(
    rows.filter(({ estimated }) => !estimated).map((row) => [row.request_id, usageIn(row)]),
  );
  const computed = Object.fromEntries(
    Object.keys(recorded).map((id) => {
      const { promptTokens, cachedTokens, completionTokens } = reports.usageOf(id);
      return [id, { promptTokens, cachedTokens, completionTokens }];
    }),
  );
  expect(recorded).toEqual(computed);
  // Double charges.
  expect(rows).toHaveLength(requestIds.length);
  const fromReports = rows.filter(({ source }) => source === 'worker').length;
  process.stdout.write(`ledger: ${rows.length} requests, ${fromReports} written from reports of workers\n`);
  return rows;
}

const usageIn = (row: SourceRow): object => ({
  promptTokens: row.prompt_tokens,
  cachedTokens: row.cached_tokens,
  completionTokens: row.completion_tokens,
});

describe('a gateway that is killed in mid-stream', () => {
  it.each([1, 3])('leaves what the workers have computed for %i choices in the ledger, once', async (n) => {
    const stream = await clientOf('gateway').stream(scripted({ tokens: 8_000, delayMs: 10, promptTokens: 12 }, { n }));
    await eventually('every choice has text', () => Array.from({ length: n }).every((_, i) => stream.text(i) !== ''));
    await test.platform.service('gateway').kill('SIGKILL');
    expect(await stream.ended).toBe('disconnected');
    // Workers notice that their caller is gone, and stop.
    await test.fleet.noneBusy();
    await test.platform.service('gateway').start();
    await ledger().settled([stream.requestId], ROWS_TIMEOUT_MS);
    expect(reports.of(stream.requestId)).toHaveLength(n);
    expect(reports.of(stream.requestId).every(({ callerLost, begun }) => callerLost && begun)).toBe(true);
    const { completionTokens } = reports.usageOf(stream.requestId);
    expect(await ledger().rowsWithSource([stream.requestId])).toEqual([
      {
        request_id: stream.requestId,
        outcome: 'failed',
        streamed: true,
        prompt_tokens: 12,
        cached_tokens: 0,
        completion_tokens: completionTokens,
        source: 'worker',
        estimated: false,
      },
    ]);
    const received = stream.chunks
      .flatMap(({ choices }) => choices)
      .filter(({ delta }) => (delta.content ?? '') !== '');
    expect(completionTokens).toBeGreaterThanOrEqual(received.length);
  });
});

describe('the ledger has what was computed, once', () => {
  it(
    `after ${KILLS} kills of gateways at random moments`,
    async () => {
      for (let kills = 0; kills < KILLS; kills += GATEWAYS) {
        // The first request of a gateway takes longer.
        await Promise.all(gatewayNames.map((name) => clientOf(name).chat(scripted({ tokens: 1 }))));
        const requests = load(gatewayNames, 8);
        await delay(Math.random() * 300);
        await Promise.all(gatewayNames.map((name) => test.platform.service(name).kill('SIGKILL')));
        await Promise.all(requests);
        await Promise.all(gatewayNames.map((name) => test.platform.service(name).start()));
      }
      const rows = await expectExactLedger();
      // Kills before, during and after the generation.
      expect(rows.length).toBeGreaterThan(KILLS * 2);
      expect(new Set(rows.map(({ source }) => source))).toEqual(new Set(['gateway', 'worker']));
    },
    KILLS * 10_000,
  );

  it('as counted by the workers themselves', async () => {
    const counted = await Promise.all(['xim', 'xim-2'].map((name) => Metrics.of(test.platform.service(name))));
    const generated = counted.reduce((total, metrics) => total + metrics.sum('vllm:generation_tokens_total'), 0);
    expect(await ledger().completionTokens()).toBe(generated);
  });

  it('after a worker was killed: the record of the gateway stands', async () => {
    const stream = await clientOf('gateway').stream(scripted({ tokens: 8_000, delayMs: 20, promptTokens: 9 }));
    await stream.textChunks(6);
    const workerId = stream.headers.get('x-xerotier-worker-id');
    const worker = test.platform.services.find(({ facts }) => facts['workerId'] === workerId);
    await worker?.kill('SIGKILL');
    expect(await stream.ended).toBe('error');
    await worker?.start();
    await ledger().settled([stream.requestId]);
    expect(await ledger().rowsWithSource([stream.requestId])).toMatchObject([
      { outcome: 'failed', source: 'gateway', estimated: true },
    ]);
    await expectExactLedger();
  });
});

/** The ones that take a minute each; usage-ledger.e2e.ts has shorter ones. */
const longOutages = (): void => {
  it(
    'after kills of auth while it writes',
    async () => {
      for (let kills = 0; kills < KILLS / 5; kills += 1) {
        const requests = load(gatewayNames, 6);
        await delay(Math.random() * 500);
        await test.platform.service('auth').kill('SIGKILL');
        await Promise.all(requests);
        await test.platform.service('auth').start();
      }
      await expectExactLedger();
    },
    KILLS * 10_000,
  );

  it('after JetStream was unavailable for ten seconds', async () => {
    const connection = await connectBus({ url: test.description.natsUrl, name: 'e2e', log: silentLog() });
    try {
      const manager = await jetstreamManager(connection.nats);
      for (const { stream } of [usageRecorded, usageReported])
        await manager.streams.update(stream ?? '', { subjects: [`unavailable.${stream}`] });
      const requests = load(gatewayNames, 6);
      await delay(OUTAGE_MS);
      await Promise.all(requests);
      for (const contract of [usageRecorded, usageReported]) await ensureStream(connection, contract);
    } finally {
      await connection.nats.close();
    }
    await expectExactLedger();
  });

  it('after NATS was down for ten seconds', async () => {
    const paced = scripted({ tokens: 200, delayMs: 10, promptTokens: 7 });
    const streams = await Promise.all(gatewayNames.map((name) => clientOf(name).stream(paced)));
    await Promise.all(streams.map((stream) => stream.textChunks(5)));
    // Some of these have just ended when NATS is killed.
    const requests = load(gatewayNames, 8);
    await delay(150);
    await test.platform.servers.started.nats?.kill('SIGKILL');
    await delay(OUTAGE_MS);
    await test.platform.servers.started.nats?.restart();
    await Promise.all([...requests, ...streams.map(({ ended }) => ended)]);
    await test.ready();
    await expectExactLedger();
  });
};

if (isChaos) describe('the ledger has what was computed, once, in long outages', longOutages);

describe('auth ledger reconcile', () => {
  it('finds no drift after all of that', async () => {
    // Reports are compared after the grace period.
    const { code, totals } = await eventually(
      'nothing is pending',
      async () => {
        const result = await reconcile();
        return result.totals.requests.pending === 0 ? result : undefined;
      },
      ROWS_TIMEOUT_MS,
    );
    expect({ code, totals }).toMatchObject({
      code: 0,
      totals: { driftTokens: 0, requests: { drift: 0, unrecorded: 0 } },
    });
  });
});

interface Totals {
  readonly driftTokens: number;
  readonly requests: Readonly<Record<string, number>>;
}

/** Runs the command as an operator does. */
function reconcile(): Promise<{ code: number; totals: Totals }> {
  const main = join(projectRoot, 'apps/auth/dist/main.js');
  return new Promise((resolve) => {
    execFile(process.execPath, [main, 'ledger', 'reconcile'], { env: { ...test.platform.authEnv } }, (error, stdout) =>
      resolve({
        code: error === null ? 0 : Number(error.code),
        totals: JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Totals,
      }),
    );
  });
}
