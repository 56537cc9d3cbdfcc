import { administrationContract, endpointsContract, SYSTEM_LOG_ID, tiersContract } from '@xerotier/contracts/auth';
import type { SystemChangeContext, TierRecord, TierValues } from '@xerotier/contracts/auth';
import { randomUUID } from 'node:crypto';
import { runningAuth } from '../../test/running-auth.ts';

const auth = runningAuth();
const operations = tiersContract.operations;
const context: SystemChangeContext = {
  actor: { kind: 'user', id: `user_${'0'.repeat(24)}` },
  clientAddress: '203.0.113.7',
  requestId: 'req_1',
};
const values: TierValues = {
  name: 'A tier',
  ...{ requestsPerMinute: 60, tokensPerMinute: null, endpointsMax: 2, concurrencyMax: 3, burstRequests: 0 },
  ...{ requestTimeoutSeconds: 30, idleTimeoutSeconds: null, modelBytesMax: 2 ** 40 },
};

const newSlug = (): string => `t_${randomUUID().slice(0, 8)}`;

function create(slug = newSlug(), more: Partial<SystemChangeContext> = {}): Promise<TierRecord> {
  return auth.bus.call(operations.createTier, { context: { ...context, ...more }, slug, ...values });
}

async function anEndpointOn(tier: string): Promise<{ projectId: string; slug: string }> {
  const { id: projectId } = await auth.seed();
  const slug = `e-${randomUUID().slice(0, 8)}`;
  await auth.bus.call(endpointsContract.operations.createEndpoint, {
    ...{ context: { ...context, projectId }, slug, modelId: 'tiny', tier, task: 'generate' },
    ...{ defaults: {}, latencyTargets: {} },
  });
  return { projectId, slug };
}

async function actionsOn(targetId: string): Promise<string[]> {
  const { data } = await auth.bus.call(administrationContract.operations.listSystemEvents, {
    ...{ limit: 20, order: 'asc', targetId },
  });
  return data.map(({ action, projectId }) => `${projectId} ${action}`);
}

describe('a tier', () => {
  it('is created, changed and deleted, which the audit log of the platform says', async () => {
    const { slug, ...created } = await create();
    expect(created).toMatchObject({
      name: 'A tier',
      limits: { requestsPerMinute: 60 },
      modelBytesMax: 2 ** 40,
      price: null,
    });
    const updated = await auth.bus.call(operations.updateTier, { context, slug, requestsPerMinute: null, name: 'New' });
    expect(updated).toEqual({ slug, ...created, name: 'New', limits: { ...created.limits, requestsPerMinute: null } });
    expect(await auth.bus.call(operations.getTier, { slug })).toEqual(updated);
    await auth.bus.call(operations.deleteTier, { context, slug });
    await expect(auth.bus.call(operations.getTier, { slug })).rejects.toMatchObject({ code: 'tier.not_found' });
    const { tiers } = await auth.bus.call(endpointsContract.operations.listTiers, {});
    expect(tiers.some((tier) => tier.slug === slug)).toBe(false);
    const log = ['tier.created', 'tier.updated', 'tier.deleted'].map((action) => `${SYSTEM_LOG_ID} ${action}`);
    expect(await actionsOn(slug)).toEqual(log);
  });

  it('has a slug that is not used again', async () => {
    const { slug } = await create();
    await expect(create(slug)).rejects.toMatchObject({ code: 'tier.slug_taken' });
    await auth.bus.call(operations.deleteTier, { context, slug });
    await expect(create(slug)).rejects.toMatchObject({ code: 'tier.slug_taken' });
    expect(await actionsOn(slug)).toHaveLength(2);
  });

  it('is created once by repeated requests', async () => {
    const slug = newSlug();
    const key = { idempotencyKey: randomUUID() };
    expect(await create(slug, key)).toEqual(await create(slug, key));
    expect(await actionsOn(slug)).toHaveLength(1);
  });

  it('is not deleted while an endpoint uses it', async () => {
    const { slug: tier } = await create();
    const { projectId, slug } = await anEndpointOn(tier);
    const deletion = { context, slug: tier };
    await expect(auth.bus.call(operations.deleteTier, deletion)).rejects.toMatchObject({ code: 'tier.in_use' });
    await auth.bus.call(endpointsContract.operations.deleteEndpoint, { context: { ...context, projectId }, slug });
    await auth.bus.call(operations.deleteTier, deletion);
    await expect(anEndpointOn(tier)).rejects.toMatchObject({ code: 'tier.not_found' });
  });

  it('is deleted or used by concurrent requests, never both', async () => {
    for (let round = 0; round < 10; round += 1) {
      const { slug } = await create();
      const project = await auth.seed();
      const used = auth.bus.call(endpointsContract.operations.createEndpoint, {
        ...{ context: { ...context, projectId: project.id }, slug: 'racing', modelId: 'tiny', tier: slug },
        ...{ task: 'generate', defaults: {}, latencyTargets: {} },
      });
      const deleted = auth.bus.call(operations.deleteTier, { context, slug });
      const outcomes = await Promise.allSettled([used, deleted]);
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    }
  });
});

describe('the prices of a tier', () => {
  const prices = { inputMicros: 5, cachedInputMicros: 1, outputMicros: 9, batchDiscountPercent: 50 };

  it('are versions, valid from now or a later time on', async () => {
    const { slug: tier } = await create();
    const now = await auth.bus.call(operations.addTierPrice, { context, tier, ...prices });
    expect(now).toMatchObject({ tier, version: 1, ...prices, createdBy: context.actor.id });
    const validFrom = Date.now() + 3_600_000;
    const later = await auth.bus.call(operations.addTierPrice, { context, tier, ...prices, inputMicros: 6, validFrom });
    expect(await auth.bus.call(operations.listTierPrices, { tier, limit: 1 })).toEqual({
      data: [later],
      hasMore: true,
    });
    const second = await auth.bus.call(operations.listTierPrices, { tier, limit: 1, before: 2 });
    expect(second).toEqual({ data: [now], hasMore: false });
    expect((await auth.bus.call(operations.getTier, { slug: tier })).price).toMatchObject({
      version: 1,
      inputMicros: 5,
    });
    expect(await actionsOn(tier)).toEqual(
      ['created', 'created', 'created'].map((_, at) =>
        at === 0 ? 'system tier.created' : 'system tier_price.created',
      ),
    );
  });

  it('of the past are rejected', async () => {
    const { slug: tier } = await create();
    const adding = auth.bus.call(operations.addTierPrice, { context, tier, ...prices, validFrom: Date.now() - 1_000 });
    await expect(adding).rejects.toMatchObject({ code: 'tier.price_too_early', param: 'valid_from' });
  });
});
