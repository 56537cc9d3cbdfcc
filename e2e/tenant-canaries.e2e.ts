/**
 * Nothing of a tenant reaches another one (TEN-1 of docs/reliability.md), and secrets are nowhere in clear text (TEN-8): tenants
 * whose data contains a text that nobody else has make random calls at the same time, with small pools of connections. Then
 * their texts are looked for in every response, and in logs, files, Redis, the rows of others and messages on the bus.
 */
import { scriptedPlatform } from '@xerotier/dev';
import { connectBus } from '@xerotier/nats';
import type { BusConnection } from '@xerotier/nats';
import { silentLog } from '@xerotier/log/testing';
import { eventually } from '@xerotier/testing';
import { randomInt } from 'node:crypto';
import { dirname } from 'node:path';
import { inFiles, inForeignRows, inRedis, namesIn } from './support/canary-sinks.ts';
import type { Needles } from './support/canary-sinks.ts';
import { CanaryTenant } from './support/canary-tenant.ts';
import { isChaos } from './support/chaos.ts';
import { dedicatedPlatform } from './support/test-platform.ts';

const TENANTS = isChaos ? 20 : 5;
const CALLS = isChaos ? 10_000 : 600;
const AT_ONCE = 8;

const test = dedicatedPlatform(() => ({
  ...scriptedPlatform({ slots: 4 }),
  gateways: 2,
  env: {
    DATABASE_POOL_MAX: '2',
    REGISTRATIONS_PER_ADDRESS: '1000',
    MANAGEMENT_REQUESTS_PER_MINUTE: '100000',
    MAILS_PER_ADDRESS: '100000',
  },
}));

let tenants: CanaryTenant[];
let bus: BusConnection;
/** Messages between services that contain the texts of more than one tenant. */
const mixedMessages: string[] = [];
let messages = 0;

beforeAll(async () => {
  bus = await connectBus({ url: test.description.natsUrl, name: 'test', log: silentLog() });
  tenants = [];
  for (let created = 0; created < TENANTS; created += 1)
    tenants.push(await CanaryTenant.create(test.description.baseUrl, test.description.model));
  const secrets = needles(({ secret }) => secret);
  bus.nats.subscribe('>', {
    callback: (_, { subject, data }) => {
      messages += 1;
      const owners = namesIn(Buffer.from(data).toString('latin1'), secrets);
      // Frames to one gateway share messages, whatever the tenant of their streams.
      if (owners.length > 1 && !subject.startsWith('_INBOX'))
        mixedMessages.push(`${owners.join(' and ')} on ${subject}`);
    },
  });
});
afterAll(() => bus.nats.close());

/** Texts by the project that owns them. */
function needles(textOf: (tenant: CanaryTenant) => string): Needles {
  return Object.fromEntries(tenants.map((tenant) => [tenant.project, textOf(tenant)]));
}

it('no response contains anything of another tenant, and no object of another one is reached', async () => {
  const canaries = needles(({ canary }) => canary);
  const findings: string[] = [];
  let [own, foreign] = [0, 0];
  const caller = async (): Promise<void> => {
    while (own + foreign < CALLS) {
      const tenant = tenants[randomInt(TENANTS)] as CanaryTenant;
      const other = tenants.filter((one) => one !== tenant)[randomInt(TENANTS - 1)] as CanaryTenant;
      const { response, isForeign } = await tenant.call(randomInt(1_000), other);
      const text = `${await response.text()} ${JSON.stringify([...response.headers])}`;
      const { status, url } = response;
      if (isForeign) foreign += 1;
      else own += 1;
      for (const owner of namesIn(text, canaries))
        if (owner !== tenant.project) findings.push(`${owner} at ${url}: ${text}`);
      // OpenAI has no 404 for it.
      const isMissing = status === 404 || (status === 400 && text.includes('"previous_response_not_found"'));
      // Without objects of its own yet, a tenant asks for ones that do not exist.
      if (status >= 500 || (isForeign && !isMissing) || (!isForeign && status !== 200 && status !== 404))
        findings.push(`${status} at ${url}: ${text}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, caller));
  expect(findings.slice(0, 5)).toEqual([]);
  expect(own).toBeGreaterThan(CALLS / 3);
  expect(foreign).toBeGreaterThan(CALLS / 6);
});

it('each tenant sees its own data', async () => {
  for (const tenant of tenants)
    expect(await tenant.ownTexts()).toEqual(expect.arrayContaining([tenant.canary, tenant.secret]));
});

it('no row contains anything of another tenant', async () => {
  const { rows, found } = await inForeignRows(
    test.description.databaseUrl,
    needles(({ canary }) => canary),
  );
  expect(found).toEqual([]);
  expect(rows).toBeGreaterThan(CALLS / 10);
});

it('no message on the bus contains prompts of two tenants', () => {
  expect(mixedMessages).toEqual([]);
  expect(messages).toBeGreaterThan(CALLS);
});

it('prompts, completions, API keys, passwords and sessions are in no log, no file and no key of Redis', async () => {
  const sealed = Object.fromEntries(
    tenants.flatMap(({ project, sealed: texts }) => texts.map((text, index) => [`${project} ${index}`, text])),
  );
  const [gateway] = test.platform.services;
  const folder = dirname(dirname(gateway?.spec.logFile ?? ''));
  const isFlushed = async (): Promise<boolean> =>
    (await inFiles(folder, { project: tenants[0]?.project ?? '' })).length > 3;
  await eventually('files contain public ids', isFlushed);
  expect(await inFiles(folder, sealed)).toEqual([]);
  const redis = await inRedis(test.description.redisUrl, sealed);
  expect(redis.found).toEqual([]);
  expect(redis.keys).toBeGreaterThan(0);
});

it('no log contains what tenants write', async () => {
  const [gateway] = test.platform.services;
  expect(
    await inFiles(
      dirname(gateway?.spec.logFile ?? ''),
      needles(({ canary }) => canary),
    ),
  ).toEqual([]);
});
