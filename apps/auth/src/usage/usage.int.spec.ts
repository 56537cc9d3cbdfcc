import { usageRecorded } from '@xerotier/contracts/inference';
import type { UsageRecord } from '@xerotier/contracts/inference';
import { silentLog } from '@xerotier/log/testing';
import { connectBus, consumeEvents, DurablePublisher, ensureStream } from '@xerotier/nats';
import type { BusConnection } from '@xerotier/nats';
import { eventually } from '@xerotier/testing';
import { runningAuth } from '../../test/running-auth.ts';
import { aUsageRecord } from '../../test/usage-records.ts';
import { UsageRepository } from './usage.repository.ts';
import { UsageService } from './usage.service.ts';

const auth = runningAuth();
let connection: BusConnection;
let publisher: DurablePublisher<typeof usageRecorded>;

beforeAll(async () => {
  connection = await connectBus({ url: auth.servers.nats.url, name: 'test', log: silentLog() });
  await ensureStream(connection, usageRecorded);
  publisher = new DurablePublisher(connection, usageRecorded, silentLog());
});

afterAll(async () => {
  await publisher.close(1_000);
  await connection.nats.close();
});

/** The ledger rows of these records, by request id. */
async function ledger(...records: UsageRecord[]): Promise<Record<string, unknown>[]> {
  return auth.database.query<Record<string, unknown>[]>(
    'SELECT * FROM auth.usage_event WHERE request_id = ANY($1) ORDER BY request_id',
    [records.map((record) => record.requestId)],
  );
}

function publish(...records: UsageRecord[]): void {
  for (const record of records) publisher.publish(record);
}

describe('the ledger', () => {
  it('stores every field of a record, as integers', async () => {
    const record = aUsageRecord({
      requestedServiceTier: 'flex',
      endUser: 'user-1',
      timePerOutputTokenMs: 0.4567,
      latencyTargets: { timeToFirstTokenMs: 500, timePerOutputTokenMs: 20 },
    });
    publish(record);
    const [row] = await eventually('the record is in the ledger', async () => {
      const rows = await ledger(record);
      return rows.length > 0 ? rows : null;
    });
    expect(row).toEqual({
      id: expect.any(String),
      request_id: record.requestId,
      kind: 'chat.completion',
      project_id: 'proj_TEST000001',
      endpoint_id: record.endpointId,
      key_id: 'key_1',
      model_id: 'tiny',
      tier: 'free',
      priority: 'interactive',
      requested_service_tier: 'flex',
      end_user: 'user-1',
      outcome: 'completed',
      streamed: true,
      prompt_tokens: '10',
      cached_tokens: '4',
      completion_tokens: '20',
      reasoning_tokens: '1',
      accepted_prediction_tokens: '2',
      rejected_prediction_tokens: '3',
      started_at: new Date(record.startedAt),
      duration_ms: '1235',
      time_to_first_token_ms: '12',
      time_per_output_token_ms: '0.457',
      target_time_to_first_token_ms: '500',
      target_time_per_output_token_ms: '20',
      recorded_at: expect.any(Date),
      cost_micros: '0',
      price_version: 1,
      source: 'gateway',
      estimated: false,
    });
  });

  it('stores null for absent fields', async () => {
    const record = aUsageRecord();
    publish(record);
    await eventually('the record is in the ledger', async () => (await ledger(record)).length === 1);
    expect((await ledger(record))[0]).toMatchObject({
      requested_service_tier: null,
      end_user: null,
      time_per_output_token_ms: null,
      target_time_to_first_token_ms: null,
      target_time_per_output_token_ms: null,
    });
  });

  it('stores a record without a first token', async () => {
    const record = aUsageRecord({ timeToFirstTokenMs: null, outcome: 'failed', streamed: false });
    publish(record);
    await eventually('the record is in the ledger', async () => (await ledger(record)).length === 1);
    expect((await ledger(record))[0]).toMatchObject({
      time_to_first_token_ms: null,
      outcome: 'failed',
      streamed: false,
    });
  });

  it('stores a request once, however often it is delivered', async () => {
    const [twice, once] = [aUsageRecord(), aUsageRecord()];
    publish(twice, twice);
    publish({ ...twice, usage: { ...twice.usage, completionTokens: 999 } }, once);
    await eventually('the last record is in the ledger', async () => (await ledger(once)).length === 1);
    const rows = await ledger(twice, once);
    expect(rows).toHaveLength(2);
    expect(rows.map((row) => row['completion_tokens'])).toEqual(['20', '20']);
    expect(auth.logText()).not.toContain('usage record dropped');
  });

  it('stores more records than one statement inserts', async () => {
    const records = Array.from({ length: 2_500 }, () => aUsageRecord());
    publish(...records);
    await eventually('all records are in the ledger', async () => (await ledger(...records)).length === 2_500);
  });

  it('rejects changes', async () => {
    publish(aUsageRecord());
    await expect(auth.database.query('UPDATE auth.usage_event SET prompt_tokens = 0')).rejects.toThrow('append-only');
    await expect(auth.database.query('DELETE FROM auth.usage_event')).rejects.toThrow('append-only');
    await expect(auth.database.query('TRUNCATE auth.usage_event')).rejects.toThrow('append-only');
  });

  it('receives usage of a database outage', async () => {
    await auth.servers.postgres.stop();
    const record = aUsageRecord();
    publish(record);
    await eventually('the consumer waits', () => auth.logText().includes('event consumer paused during outage'));
    await auth.servers.postgres.restart();
    await eventually('the record is in the ledger', async () => (await ledger(record)).length === 1);
  });
});

describe('UsageService', () => {
  function newService(): UsageService {
    return new UsageService(new UsageRepository(auth.database), silentLog());
  }

  it('drops a record that the database rejects, and stores the others of its batch', async () => {
    const [good, bad, alsoGood] = [aUsageRecord(), aUsageRecord({ keyId: 'key_\u0000' }), aUsageRecord()];
    await newService().record([good, bad, alsoGood]);
    expect((await ledger(good, bad, alsoGood)).map((row) => row['request_id']).sort()).toEqual(
      [good.requestId, alsoGood.requestId].sort(),
    );
  });

  it('drops nothing when the table is not as expected: the records are delivered again', async () => {
    const record = aUsageRecord();
    await auth.database.query('ALTER TABLE auth.usage_event RENAME COLUMN estimated TO renamed');
    publish(record);
    await eventually('it has failed', () => auth.logText().includes('event handler failed, redelivering'));
    await auth.database.query('ALTER TABLE auth.usage_event RENAME COLUMN renamed TO estimated');
    await eventually('the record is in the ledger', async () => (await ledger(record)).length === 1);
  });

  it('drops nothing when the database fails while it inserts one by one', async () => {
    const [good, bad] = [aUsageRecord(), aUsageRecord({ keyId: 'key_\u0000' })];
    let statements = 0;
    class InterruptedRepository extends UsageRepository {
      override async append(records: readonly UsageRecord[]): Promise<number> {
        statements += 1;
        if (statements === 2) await auth.servers.postgres.stop();
        return super.append(records);
      }
    }
    const service = new UsageService(new InterruptedRepository(auth.database), silentLog());
    await expect(service.record([good, bad])).rejects.toMatchObject({ code: 'db.unavailable' });
    await auth.servers.postgres.restart();
    await service.record([good, bad]);
    expect(await ledger(good, bad)).toHaveLength(1);
  });

  it('drops nothing during a database outage', async () => {
    const record = aUsageRecord();
    await auth.servers.postgres.stop();
    await expect(newService().record([record])).rejects.toMatchObject({ code: 'db.unavailable' });
    await auth.servers.postgres.restart();
    await newService().record([record]);
    expect(await ledger(record)).toHaveLength(1);
  });
});

describe('a consumer that crashes between commit and acknowledgement', () => {
  it('does not store redelivered records again', async () => {
    // The service itself stops first, so that all deliveries go to this consumer.
    await auth.service.drain(AbortSignal.timeout(10_000));
    const service = new UsageService(new UsageRepository(auth.database), silentLog());
    const record = aUsageRecord();
    let deliveries = 0;
    const consuming = await consumeEvents(
      connection,
      usageRecorded,
      async (records) => {
        await service.record(records);
        deliveries += 1;
        if (deliveries === 1) throw new Error('crashed after the commit');
      },
      { durable: 'auth-ledger', log: silentLog() },
    );
    publish(record);
    await eventually('the record is delivered twice', () => deliveries >= 2);
    await consuming.stop();
    expect(await ledger(record)).toHaveLength(1);
  });
});
