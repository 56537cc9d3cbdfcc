import { usageReport, usageReported } from '@xerotier/contracts/inference';
import type { UsageReport } from '@xerotier/contracts/inference';
import { silentLog } from '@xerotier/log/testing';
import { ensureStream } from '@xerotier/nats';
import { testBuses } from '@xerotier/nats/testing';
import { eventually, testServers } from '@xerotier/testing';
import { PublishedUsageReports } from './usage-reports.ts';
import type { ReportedWork } from './usage-reports.ts';

const servers = testServers('nats');
const connectBus = testBuses(() => servers.nats.url);
const result = { outcome: 'completed', callerLost: false, begun: true } as const;

/** The reports on the subject. */
async function receivedReports(): Promise<UsageReport[]> {
  const { connection, bus } = await connectBus();
  await ensureStream(connection, usageReported);
  const reports: UsageReport[] = [];
  connection.nats.subscribe(usageReported.subject, {
    callback: (_, message) => void reports.push(...usageReport.array().parse(message.json())),
  });
  await bus.flush();
  return reports;
}

async function newReports(): Promise<PublishedUsageReports> {
  const { connection } = await connectBus();
  return new PublishedUsageReports(connection, 'w1', silentLog());
}

const facts = 'chat.completion~interactive~1~1~1000~2000';

function aWork(requestId: string, account = 'sealed'): ReportedWork {
  return { requestId, accounting: `${account}.${facts}` };
}

const requestIdsOf = (reports: readonly UsageReport[]): string[] =>
  reports.flatMap(({ generations }) => generations).map(({ requestId }) => requestId);

describe('PublishedUsageReports', () => {
  it('reports the generations of a short time together, and each account once', async () => {
    const received = await receivedReports();
    const reports = await newReports();
    reports.ended(aWork('req_1', 'sealed_a'), result);
    reports.ended(aWork('req_2', 'sealed_b'), result);
    reports.ended({ ...aWork('req_3', 'sealed_a'), choiceIndex: 1, attempt: 2 }, result);
    await eventually('the report arrives', () => received.length > 0);
    const common = { facts, ...result, endedAt: expect.any(Number) };
    expect(received).toEqual([
      {
        id: expect.any(String),
        workerId: 'w1',
        accounts: ['sealed_a', 'sealed_b'],
        generations: [
          { requestId: 'req_1', account: 0, choiceIndex: 0, attempt: 1, ...common },
          { requestId: 'req_2', account: 1, choiceIndex: 0, attempt: 1, ...common },
          { requestId: 'req_3', account: 0, choiceIndex: 1, attempt: 2, ...common },
        ],
      },
    ]);
    await reports.close(1_000);
  });

  it('begins another report after 500 generations', async () => {
    const received = await receivedReports();
    const reports = await newReports();
    for (let i = 0; i < 1_002; i += 1) reports.ended(aWork(`req_${i}`), result);
    await reports.close(5_000);
    await eventually('all reports arrive', () => received.length === 3);
    expect(received.map(({ generations }) => generations.length)).toEqual([500, 500, 2]);
    expect(new Set(requestIdsOf(received)).size).toBe(1_002);
  });

  it('sends the last report when it closes', async () => {
    const received = await receivedReports();
    const reports = await newReports();
    reports.ended(aWork('req_1'), result);
    await reports.close(5_000);
    await eventually('the report arrives', () => received.length === 1);
  });

  it('reports nothing of work that did not ask for it', async () => {
    const received = await receivedReports();
    const reports = await newReports();
    reports.ended({ ...aWork('req_1'), accounting: undefined }, result);
    reports.ended(aWork('req_2'), result);
    await reports.close(5_000);
    await eventually('a report arrives', () => received.length > 0);
    expect(requestIdsOf(received)).toEqual(['req_2']);
  });
});
