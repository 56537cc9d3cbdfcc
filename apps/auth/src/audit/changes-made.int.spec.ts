import { auditContract, changeMade } from '@xerotier/contracts/auth';
import type { AuditEventRecord, ChangeMade } from '@xerotier/contracts/auth';
import { silentLog } from '@xerotier/log/testing';
import { DurablePublisher, ensureStream } from '@xerotier/nats';
import { testBuses } from '@xerotier/nats/testing';
import { eventually } from '@xerotier/testing';
import { randomBytes } from 'node:crypto';
import { runningAuth } from '../../test/running-auth.ts';
import { AuditLogService } from './audit-log.service.ts';

const auth = runningAuth();
const connectBus = testBuses(() => auth.servers.nats.url);
const newId = (): string => `audit_${randomBytes(12).toString('hex')}`;

let projectId: string;
beforeEach(async () => {
  projectId = (await auth.seed()).id;
});

function aChange(overrides: Partial<ChangeMade> = {}): ChangeMade {
  return {
    ...{ id: newId(), projectId, createdAt: 1_767_225_600_123, action: 'model.shared' },
    actor: { kind: 'api_key', id: 'key_1' },
    clientAddress: '203.0.113.7',
    requestId: 'req_1',
    target: { type: 'model', id: 'model_1' },
    before: { role: 'private' },
    after: { role: 'deployable' },
    ...overrides,
  };
}

/** As an outbox does it, but without its message id, by which JetStream drops repeated messages. */
async function publish(...changes: ChangeMade[]): Promise<void> {
  const { connection } = await connectBus();
  await ensureStream(connection, changeMade);
  const publisher = new DurablePublisher(connection, changeMade, silentLog());
  for (const change of changes) publisher.publish(change);
  await publisher.close(5_000);
}

async function logged(): Promise<AuditEventRecord[]> {
  const page = { projectId, limit: 100, order: 'asc' } as const;
  return (await auth.bus.call(auditContract.operations.listAuditEvents, page)).data;
}

describe('a change that another service has made', () => {
  it('is in the audit log of its project, with the time and the id that it was told with', async () => {
    const change = aChange();
    await publish(change);
    await eventually('it is logged', async () => (await logged()).length === 1);
    expect(await logged()).toMatchObject([{ ...change, sequence: 1 }]);
  });

  it('is there once, however often it arrives, and the log stays valid', async () => {
    const [first, second] = [aChange(), aChange({ action: 'model.unshared' })];
    await publish(first);
    await publish(first, first, second);
    await eventually('both are logged', async () => (await logged()).length === 2);
    expect((await logged()).map(({ id, sequence }) => [id, sequence])).toEqual([
      [first.id, 1],
      [second.id, 2],
    ]);
    const log = auth.service.nest.get(AuditLogService, { strict: false });
    expect(await log.verify(projectId)).toEqual({ projectId, events: 2 });
  });

  it('is in no log but that of its project', async () => {
    const other = await auth.seed();
    await publish(aChange({ projectId: other.id }), aChange());
    await eventually('it is logged', async () => (await logged()).length > 0);
    expect(await logged()).toHaveLength(1);
  });
});
