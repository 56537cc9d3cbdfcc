import { SYSTEM_LOG_ID } from '@xerotier/contracts/auth';
import type { TierPriceRecord } from '@xerotier/contracts/auth';
import type { UsageRecord } from '@xerotier/contracts/inference';
import { IdempotencyKeys } from '@xerotier/idempotency';
import { MasterKeys, SecretBox } from '@xerotier/sealing';
import { randomUUID } from 'node:crypto';
import { commandOutput } from '../../test/command-output.ts';
import { masterKey, runningAuth } from '../../test/running-auth.ts';
import { aUsageRecord } from '../../test/usage-records.ts';
import { AuditTrail } from '../audit/audit-trail.ts';
import { HeadSigner } from '../audit/head-signer.ts';
import { ChangesService } from '../changes/changes.service.ts';
import { operatorContext } from '../changes/operator-context.ts';
import { ProjectEvents } from '../changes/project-events.ts';
import { UsageRepository } from '../usage/usage.repository.ts';
import { prices } from './prices.command.ts';
import { PricesService } from './prices.service.ts';
import type { NewPrice } from './prices.service.ts';

const auth = runningAuth();
const HOUR_MS = 3_600_000;
let tier: string;

beforeEach(async () => {
  tier = `test_${randomUUID().slice(0, 8)}`;
  await auth.database.query('INSERT INTO auth.tier (slug, name) VALUES ($1, $1)', [tier]);
});

const aPrice = (overrides: Partial<NewPrice> = {}): NewPrice => ({
  ...{ tier, inputMicros: 500_000, cachedInputMicros: 100_000, outputMicros: 1_250_000, batchDiscountPercent: 50 },
  ...{ validFrom: Date.now() + HOUR_MS },
  ...overrides,
});

function newService(): PricesService {
  const changes = new ChangesService(
    auth.database,
    new IdempotencyKeys(new SecretBox(new MasterKeys(masterKey))),
    new AuditTrail(new HeadSigner(masterKey)),
    new ProjectEvents(),
    () => undefined,
  );
  return new PricesService(auth.database, changes);
}

function add(price: NewPrice): Promise<TierPriceRecord> {
  return newService().add(operatorContext(SYSTEM_LOG_ID), price);
}

async function costOf(record: UsageRecord): Promise<[costMicros: string | null, priceVersion: number | null]> {
  await new UsageRepository(auth.database).append([record]);
  const [row] = await auth.database.query<{ cost_micros: string | null; price_version: number | null }[]>(
    'SELECT cost_micros, price_version FROM auth.usage_event WHERE request_id = $1',
    [record.requestId],
  );
  if (row === undefined) throw new Error('no row');
  return [row.cost_micros, row.price_version];
}

describe('PricesService', () => {
  it('adds versions, and keeps those before', async () => {
    const service = newService();
    const [first, second] = [Date.now() + HOUR_MS, Date.now() + 2 * HOUR_MS];
    await add(aPrice({ validFrom: first }));
    await add(aPrice({ validFrom: second, outputMicros: 9 }));
    expect(await service.list(tier)).toMatchObject([
      { version: 2, validFrom: second, outputMicros: 9 },
      { version: 1, validFrom: first, outputMicros: 1_250_000, createdBy: operatorContext(SYSTEM_LOG_ID).actor.id },
    ]);
  });

  it('rejects prices of the past, and before those that exist', async () => {
    await expect(add(aPrice({ validFrom: Date.now() - 1 }))).rejects.toMatchObject({ code: 'tier.price_too_early' });
    const { validFrom } = await add(aPrice());
    await expect(add(aPrice({ validFrom }))).rejects.toMatchObject({ code: 'tier.price_too_early' });
  });

  it('counts versions without gaps, also for concurrent changes', async () => {
    const service = newService();
    const start = Date.now() + HOUR_MS;
    const added = Array.from({ length: 6 }, (_, i) => add(aPrice({ validFrom: start + i })));
    const versions = (await Promise.allSettled(added)).flatMap((result) =>
      result.status === 'fulfilled' ? [result.value.version] : [],
    );
    expect(versions.toSorted()).toEqual(versions.map((_, i) => i + 1));
    expect((await service.list(tier)).map(({ version }) => version)).toEqual(versions.toSorted().toReversed());
  });

  it('rejects an unknown tier', async () => {
    const service = newService();
    await expect(add(aPrice({ tier: 'none' }))).rejects.toMatchObject({ code: 'tier.not_found' });
    await expect(service.list('none')).rejects.toMatchObject({ code: 'tier.not_found' });
  });
});

describe('the cost of a request', () => {
  it('is that of the prices when it started', async () => {
    const [first, second] = [Date.now() + HOUR_MS, Date.now() + 2 * HOUR_MS];
    await add(aPrice({ validFrom: first }));
    await add(aPrice({ validFrom: second, outputMicros: 2_000_000 }));
    const record = (startedAt: number): UsageRecord => aUsageRecord({ tier, startedAt });
    // 6 uncached, 4 cached and 20 completion tokens.
    expect(await costOf(record(first - 1))).toEqual([null, null]);
    expect(await costOf(record(first))).toEqual(['28', 1]);
    expect(await costOf(record(second - 1))).toEqual(['28', 1]);
    expect(await costOf(record(second))).toEqual(['43', 2]);
    expect(await costOf({ ...record(second), priority: 'batch' })).toEqual(['22', 2]);
  });

  it('is exact beyond the integers of a double', async () => {
    await add(aPrice({ inputMicros: 1_000_000_000 }));
    const usage = { ...aUsageRecord().usage, promptTokens: 2 ** 52 + 1, cachedTokens: 0, completionTokens: 0 };
    const record = aUsageRecord({ tier, startedAt: Date.now() + 2 * HOUR_MS, usage });
    expect(await costOf(record)).toEqual([String((2n ** 52n + 1n) * 1_000n), 1]);
  });
});

describe('the prices command', () => {
  async function run(...args: string[]): Promise<object[]> {
    const output = await commandOutput(prices, args, auth.env);
    return output
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as object);
  }

  it('sets prices, and lists them', async () => {
    const validFrom = '2099-01-01T00:00:00.000Z';
    const [set] = await run('set', tier, '500000', '100000', '1250000', '50', validFrom);
    expect(set).toMatchObject({ tier, version: 1, validFrom, inputMicros: 500_000, batchDiscountPercent: 50 });
    expect(await run('list', tier)).toEqual([set]);
  });

  it.each([
    ['set', 'x', '1', '1', '1'],
    ['set', 'x', '-1', '1', '1', '50'],
    ['set', 'x', '1', '1', '1', '101'],
    ['set', 'x', '1', '1', '1', '50', 'tomorrow'],
    ['list'],
    ['delete', 'x'],
  ])('rejects %s %s %s', async (...args) => {
    await expect(run(...args)).rejects.toThrow('expected');
  });

  it('sets prices from now on, and audits it', async () => {
    const [set] = await run('set', tier, '1', '1', '1', '0');
    expect(set).toMatchObject({ tier, version: 1 });
    await expect(run('set', tier, '1', '1', '1', '0', '2020-01-01T00:00:00Z')).rejects.toThrow('from now on');
    const rows = await auth.database.query<{ actor_kind: string }[]>(
      "SELECT actor_kind FROM auth.audit_event WHERE project_id = 'system' AND target_id = $1",
      [tier],
    );
    expect(rows).toEqual([{ actor_kind: 'operator' }]);
  });

  it('names an unknown tier', async () => {
    await expect(run('list', 'none')).rejects.toThrow("Tier 'none' was not found.");
  });
});
