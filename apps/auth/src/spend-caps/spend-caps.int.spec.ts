import { apiKeysContract, spendCapsContract } from '@xerotier/contracts/auth';
import type { ChangeContext } from '@xerotier/contracts/auth';
import { randomUUID } from 'node:crypto';
import { runningAuth } from '../../test/running-auth.ts';
import { aUsageRecord } from '../../test/usage-records.ts';
import { UsageRepository } from '../usage/usage.repository.ts';

const auth = runningAuth();
const operations = spendCapsContract.operations;

const contextOf = (projectId: string): ChangeContext => ({
  projectId,
  actor: { kind: 'operator', id: 'test' },
  clientAddress: '127.0.0.1',
  requestId: `req_${randomUUID()}`,
});

/** Spends micro-units in this month: the tier costs one micro-unit for two tokens. */
async function spend(projectId: string, keyId: string, micros: number, startedAt = Date.now()): Promise<void> {
  const usage = { ...aUsageRecord().usage, promptTokens: micros * 2, cachedTokens: 0, completionTokens: 0 };
  const record = { ...aUsageRecord(), requestId: `req_${randomUUID()}`, projectId, keyId, tier: 'cpu_standard' };
  await new UsageRepository(auth.database).append([{ ...record, startedAt, usage }]);
}

async function aProject(): Promise<{ id: string; key: string; keyId: string }> {
  const { id, key } = await auth.seed({ endpoints: [{ slug: 'chat', modelId: 'tiny', tier: 'cpu_standard' }] });
  return { id, key, keyId: (await auth.authorize(key, id)).keyId };
}

describe('the spend cap of a project', () => {
  it('is absent by default, and can be set and removed', async () => {
    const { id: projectId, keyId } = await aProject();
    const { endsAt, ...initial } = await auth.bus.call(operations.getSpendCap, { projectId });
    expect(initial).toEqual({ capMicros: null, spentMicros: 0 });
    const end = new Date(endsAt);
    expect([end.getUTCDate(), end.getUTCHours(), end.getTime() % 60_000]).toEqual([1, 0, 0]);
    expect(endsAt).toBeGreaterThan(Date.now());
    await spend(projectId, keyId, 25);
    const context = contextOf(projectId);
    const set = await auth.bus.call(operations.setSpendCap, { context, capMicros: 100 });
    expect(set).toEqual({ capMicros: 100, spentMicros: 25, endsAt });
    const removed = await auth.bus.call(operations.setSpendCap, { context, capMicros: null });
    expect(removed.capMicros).toBeNull();
  });

  it('is in the audit log', async () => {
    const { id: projectId } = await aProject();
    await auth.bus.call(operations.setSpendCap, { context: contextOf(projectId), capMicros: 7 });
    const [event] = await auth.database.query<object[]>(
      'SELECT action, before, after FROM auth.audit_event WHERE project_id = $1 ORDER BY sequence DESC LIMIT 1',
      [projectId],
    );
    expect(event).toEqual({
      ...{ action: 'project.updated', before: { spendCapMicros: null }, after: { spendCapMicros: 7 } },
    });
  });

  it('of an unknown project is not found', async () => {
    const projectId = 'proj_UNKNOWN';
    await expect(auth.bus.call(operations.getSpendCap, { projectId })).rejects.toMatchObject({
      code: 'project.not_found',
    });
    const context = contextOf(projectId);
    await expect(auth.bus.call(operations.setSpendCap, { context, capMicros: 1 })).rejects.toMatchObject({
      code: 'project.not_found',
    });
  });
});

describe('authorize', () => {
  it('returns no spend without a cap', async () => {
    const { id, key } = await aProject();
    const access = await auth.authorize(key, id);
    expect(access).not.toHaveProperty('spend');
    expect(access.endpoints[0]).not.toHaveProperty('price');
    expect(access.endpoints[0]?.limits).toMatchObject({ concurrencyMax: 20 });
  });

  it('returns the caps, what was spent in this month, and the prices', async () => {
    const { id, key, keyId } = await aProject();
    await spend(id, keyId, 30);
    await spend(id, 'key_of_another', 12);
    await spend(id, keyId, 1_000, Date.now() - 32 * 86_400_000);
    const context = contextOf(id);
    const { setApiKeySpendCap } = apiKeysContract.operations;
    const changed = await auth.bus.call(setApiKeySpendCap, { context, keyId, spendCapMicros: 50 });
    expect(changed.spendCapMicros).toBe(50);
    const ofKey = await auth.authorize(key, id);
    expect(ofKey.spend).toEqual({ endsAt: expect.any(Number), key: { capMicros: 50, spentMicros: 30 } });
    expect(ofKey.endpoints[0]?.price).toEqual({
      ...{ inputMicros: 500_000, cachedInputMicros: 500_000, outputMicros: 500_000 },
    });
    await auth.bus.call(operations.setSpendCap, { context, capMicros: 100 });
    const { endsAt } = await auth.bus.call(operations.getSpendCap, { projectId: id });
    expect((await auth.authorize(key, id)).spend).toEqual({
      ...{ endsAt, key: { capMicros: 50, spentMicros: 30 }, project: { capMicros: 100, spentMicros: 42 } },
    });
    await auth.bus.call(setApiKeySpendCap, { context, keyId, spendCapMicros: null });
    expect((await auth.authorize(key, id)).spend).not.toHaveProperty('key');
  });
});
