import { usageReport, usageReported } from '@xerotier/contracts/inference';
import type { UsageReport } from '@xerotier/contracts/inference';
import { silentLog } from '@xerotier/log/testing';
import { ensureStream } from '@xerotier/nats';
import { testBuses } from '@xerotier/nats/testing';
import { eventually, testServers } from '@xerotier/testing';
import { PublishedUsageReports } from './usage-reports.ts';

const servers = testServers('nats');
const connectBus = testBuses(() => servers.nats.url);
const result = { outcome: 'completed', callerLost: false, begun: true } as const;

/** The messages on the subject, each with its reports. */
async function receivedMessages(): Promise<UsageReport[][]> {
  const { connection, bus } = await connectBus();
  await ensureStream(connection, usageReported);
  const messages: UsageReport[][] = [];
  connection.nats.subscribe(usageReported.subject, {
    callback: (_, message) => void messages.push(usageReport.array().parse(message.json())),
  });
  await bus.flush();
  return messages;
}

async function newReports(): Promise<PublishedUsageReports> {
  const { connection } = await connectBus();
  return new PublishedUsageReports(connection, 'w1', silentLog());
}

describe('PublishedUsageReports', () => {
  it('sends the reports of a short time as one message', async () => {
    const messages = await receivedMessages();
    const reports = await newReports();
    for (const requestId of ['req_1', 'req_2', 'req_3']) reports.ended({ requestId, accounting: 'sealed' }, result);
    await eventually('the reports arrive', () => messages.length > 0);
    expect(messages).toEqual([
      ['req_1', 'req_2', 'req_3'].map((requestId) => ({
        ...{ requestId, choiceIndex: 0, attempt: 1, workerId: 'w1', accounting: 'sealed' },
        ...result,
        endedAt: expect.any(Number),
      })),
    ]);
    await reports.close(1_000);
  });

  it('sends at most 64 in one message', async () => {
    const messages = await receivedMessages();
    const reports = await newReports();
    for (let i = 0; i < 130; i += 1) reports.ended({ requestId: `req_${i}`, accounting: 'sealed' }, result);
    await reports.close(5_000);
    await eventually('all reports arrive', () => messages.flat().length === 130);
    expect(messages.map((reported) => reported.length)).toEqual([64, 64, 2]);
  });

  it('sends the last reports when it closes', async () => {
    const messages = await receivedMessages();
    const reports = await newReports();
    reports.ended({ requestId: 'req_1', accounting: 'sealed' }, result);
    await reports.close(5_000);
    await eventually('the report arrives', () => messages.flat().length === 1);
  });

  it('reports nothing of work that did not ask for it', async () => {
    const messages = await receivedMessages();
    const reports = await newReports();
    reports.ended({ requestId: 'req_1' }, result);
    reports.ended({ requestId: 'req_2', accounting: 'sealed' }, result);
    await reports.close(5_000);
    await eventually('a report arrives', () => messages.length > 0);
    expect(messages.flat().map(({ requestId }) => requestId)).toEqual(['req_2']);
  });
});
