import { endpointsContract, usageContract } from '@xerotier/contracts/auth';
import type { UsageRecord } from '@xerotier/contracts/inference';
import { randomUUID } from 'node:crypto';
import { runningAuth } from '../../test/running-auth.ts';
import type { SeededProject } from '../../test/running-auth.ts';
import { aUsageRecord } from '../../test/usage-records.ts';
import type { UsageInput, UsageOutput } from './usage-queries.service.ts';
import { UsageRepository } from './usage.repository.ts';

const { operations } = usageContract;
const auth = runningAuth();
const NOVEMBER = { start: '2026-11-01', end: '2026-12-01' };
let project: SeededProject;
let chat: { id: string; keyId: string };

beforeEach(async () => {
  project = await auth.seed();
  const { keyId, endpoints } = await auth.authorize(project.key, project.id, 'chat');
  chat = { id: endpoints[0]!.id, keyId };
});

/** A record of the endpoint `chat` at noon of a day of November. */
function aRecord(day: number, overrides: Partial<UsageRecord> = {}): UsageRecord {
  const of = { projectId: project.id, endpointId: chat.id, keyId: chat.keyId, tier: 'gpu_nvidia_shared' };
  return aUsageRecord({ ...of, startedAt: Date.UTC(2026, 10, day, 12), ...overrides });
}

async function append(...records: UsageRecord[]): Promise<UsageRecord[]> {
  await new UsageRepository(auth.database).append(records);
  return records;
}

type Filter = Partial<UsageInput<'getUsageTotals'>>;
const totals = (filter: Filter = {}): Promise<UsageOutput<'getUsageTotals'>> =>
  auth.bus.call(operations.getUsageTotals, { projectId: project.id, ...NOVEMBER, ...filter });

async function days(page: Partial<UsageInput<'listUsageDays'>> = {}): Promise<[days: string[], hasMore: boolean]> {
  const input = { projectId: project.id, ...NOVEMBER, limit: 20, order: 'asc' as const, ...page };
  const { data, hasMore } = await auth.bus.call(operations.listUsageDays, input);
  return [data.map(({ day, requests }) => `${day}: ${requests}`), hasMore];
}

async function groups(
  by: UsageInput<'listUsageGroups'>['by'],
  page: Partial<UsageInput<'listUsageGroups'>> = {},
): Promise<[groups: (string | number | null)[][], hasMore: boolean]> {
  const input = { projectId: project.id, ...NOVEMBER, by, limit: 20, order: 'asc' as const, ...page };
  const { data, hasMore } = await auth.bus.call(operations.listUsageGroups, input);
  return [data.map(({ id, name, requests }) => [id, name, requests]), hasMore];
}

async function events(page: Partial<UsageInput<'listUsageEvents'>> = {}): Promise<[ids: string[], hasMore: boolean]> {
  const input = { projectId: project.id, ...NOVEMBER, limit: 20, order: 'asc' as const, ...page };
  const { data, hasMore } = await auth.bus.call(operations.listUsageEvents, input);
  return [data.map(({ requestId }) => requestId), hasMore];
}

const idsOf = (...records: UsageRecord[]): string[] => records.map(({ requestId }) => requestId);

describe('getUsageTotals', () => {
  it('sums the days of the range', async () => {
    await append(aRecord(1), aRecord(2, { outcome: 'failed' }), aRecord(30, { outcome: 'cancelled' }));
    await append(aRecord(1, { startedAt: Date.UTC(2026, 11, 1) }), aRecord(1, { startedAt: Date.UTC(2026, 9, 31) }));
    expect(await totals()).toEqual({
      ...{ requests: 3, failedRequests: 1, cancelledRequests: 1, promptTokens: 30, cachedTokens: 12 },
      ...{ completionTokens: 60, reasoningTokens: 3, acceptedPredictionTokens: 6, rejectedPredictionTokens: 9 },
      ...{ costMicros: 3 * 38, unpricedRequests: 0 },
    });
    expect(await totals({ start: '2026-11-02', end: '2026-11-03' })).toMatchObject({ requests: 1 });
  });

  it('is zero without usage', async () => {
    expect(Object.values(await totals())).toEqual(Array.from({ length: 11 }, () => 0));
  });

  it('counts requests whose cost is unknown', async () => {
    await append(aRecord(1, { tier: 'none' }), aRecord(1));
    expect(await totals()).toMatchObject({ requests: 2, unpricedRequests: 1, costMicros: 38 });
  });

  it('filters by endpoint, key and model', async () => {
    await append(aRecord(1), aRecord(1, { endpointId: randomUUID() }), aRecord(1, { modelId: 'small' }));
    expect(await totals({ endpointSlug: 'chat' })).toMatchObject({ requests: 2 });
    expect(await totals({ keyId: chat.keyId })).toMatchObject({ requests: 3 });
    expect(await totals({ modelIds: ['small', 'other'] })).toMatchObject({ requests: 1 });
    expect(await totals({ modelIds: [] })).toMatchObject({ requests: 0 });
    expect(await totals({ endpointSlug: 'chat', modelIds: ['small'] })).toMatchObject({ requests: 1 });
  });

  it('includes a deleted endpoint', async () => {
    await append(aRecord(1));
    const context = {
      ...{ projectId: project.id, actor: { kind: 'api_key', id: 'key_1' } as const },
      ...{ clientAddress: '203.0.113.7', requestId: 'req_1' },
    };
    await auth.bus.call(endpointsContract.operations.deleteEndpoint, { context, slug: 'chat' });
    expect(await totals({ endpointSlug: 'chat' })).toMatchObject({ requests: 1 });
    expect((await groups('endpoint'))[0]).toEqual([[chat.id, 'chat', 1]]);
  });

  it('rejects endpoints and keys that the project does not have', async () => {
    const other = await auth.seed({ endpoints: [{ slug: 'theirs', modelId: 'tiny', tier: 'free' }] });
    const { keyId } = await auth.authorize(other.key, other.id);
    await expect(totals({ endpointSlug: 'theirs' })).rejects.toMatchObject({ code: 'endpoint.not_found' });
    await expect(totals({ keyId })).rejects.toMatchObject({ code: 'api_key.not_found' });
  });
});

describe('listUsageDays', () => {
  it('returns pages of the days with usage in both orders', async () => {
    await append(aRecord(3), aRecord(1), aRecord(1), aRecord(9));
    expect(await days()).toEqual([['2026-11-01: 2', '2026-11-03: 1', '2026-11-09: 1'], false]);
    expect(await days({ limit: 1 })).toEqual([['2026-11-01: 2'], true]);
    expect(await days({ after: '2026-11-01', limit: 1 })).toEqual([['2026-11-03: 1'], true]);
    expect(await days({ after: '2026-11-09', order: 'desc' })).toEqual([['2026-11-03: 1', '2026-11-01: 2'], false]);
  });
});

describe('listUsageGroups', () => {
  it('groups by key, endpoint and model, with their names', async () => {
    await append(aRecord(1), aRecord(2), aRecord(2, { keyId: 'key_unknown', modelId: 'small' }));
    expect((await groups('key'))[0]).toEqual(
      [
        [chat.keyId, 'first', 2],
        ['key_unknown', null, 1],
      ].toSorted(([a], [b]) => (a! < b! ? -1 : 1)),
    );
    expect(await groups('endpoint')).toEqual([[[chat.id, 'chat', 3]], false]);
    expect(await groups('model')).toEqual([
      [
        ['small', null, 1],
        ['tiny', null, 2],
      ],
      false,
    ]);
    expect(await groups('model', { keyId: chat.keyId })).toEqual([[['tiny', null, 2]], false]);
  });

  it('groups by end user, in pages of both orders', async () => {
    await append(...['a', 'b', 'c', 'a', ''].map((endUser, i) => aRecord(1 + i, { endUser })), aRecord(1));
    const users = ['a', 'b', 'c'].map((user) => [user, null, user === 'a' ? 2 : 1]);
    expect(await groups('end_user')).toEqual([users, false]);
    expect(await groups('end_user', { limit: 2 })).toEqual([users.slice(0, 2), true]);
    expect(await groups('end_user', { after: 'b' })).toEqual([users.slice(2), false]);
    expect(await groups('end_user', { after: 'c', order: 'desc' })).toEqual([users.slice(0, 2).toReversed(), false]);
    expect(await groups('end_user', { end: '2026-11-02' })).toEqual([[['a', null, 1]], false]);
  });
});

describe('listUsageEvents', () => {
  it('returns the rows of the ledger with all fields', async () => {
    const [record] = await append(
      aRecord(1, { endUser: 'user-1', requestedServiceTier: 'flex', durationMs: 12, timeToFirstTokenMs: null }),
    );
    const input = { projectId: project.id, ...NOVEMBER, limit: 20, order: 'asc' as const };
    const { data } = await auth.bus.call(operations.listUsageEvents, input);
    const { requestId, kind, endpointId, keyId, modelId, tier, priority, usage, startedAt } = record!;
    expect(data).toEqual([
      {
        ...{ requestId, kind, endpointId, endpointSlug: 'chat', keyId, modelId, tier, priority, usage, startedAt },
        ...{ requestedServiceTier: 'flex', endUser: 'user-1', outcome: 'completed', streamed: true },
        ...{ costMicros: 38, priceVersion: 1, durationMs: 12, timeToFirstTokenMs: null },
      },
    ]);
  });

  it('returns pages in both orders, also of requests that started at the same time', async () => {
    const records = await append(aRecord(1), aRecord(1), aRecord(1), aRecord(2), aRecord(3));
    // Records of one batch are inserted in the order of their ids.
    const ids = [...idsOf(...records.slice(0, 3)).toSorted(), ...idsOf(...records.slice(3))];
    expect(await events()).toEqual([ids, false]);
    expect(await events({ limit: 2 })).toEqual([ids.slice(0, 2), true]);
    expect(await events({ limit: 2, after: ids[1] })).toEqual([ids.slice(2, 4), true]);
    expect(await events({ after: ids[2], order: 'desc' })).toEqual([ids.slice(0, 2).toReversed(), false]);
    expect(await events({ start: '2026-11-02', end: '2026-11-03' })).toEqual([[ids[3]], false]);
  });

  it('filters, and is empty for what is never used', async () => {
    const [, second] = await append(aRecord(1), aRecord(2, { modelId: 'small' }));
    expect(await events({ modelIds: ['small'] })).toEqual([[second!.requestId], false]);
    expect(await events({ modelIds: ['none'] })).toEqual([[], false]);
  });

  it('rejects an unknown cursor', async () => {
    await append(aRecord(1));
    await expect(events({ after: 'req_none' })).rejects.toMatchObject({ code: 'list.unknown_cursor' });
  });
});

describe('the usage of another project', () => {
  it('is part of no response', async () => {
    const [theirs] = await append(aRecord(1, { endUser: 'user-1' }));
    project = await auth.seed();
    expect(await totals()).toMatchObject({ requests: 0, costMicros: 0 });
    expect(await days()).toEqual([[], false]);
    for (const by of ['key', 'endpoint', 'model', 'end_user'] as const) expect(await groups(by)).toEqual([[], false]);
    expect(await events()).toEqual([[], false]);
    chat = { ...chat, keyId: (await auth.authorize(project.key, project.id)).keyId };
    await append(aRecord(1));
    await expect(events({ after: theirs!.requestId })).rejects.toMatchObject({ code: 'list.unknown_cursor' });
  });
});
