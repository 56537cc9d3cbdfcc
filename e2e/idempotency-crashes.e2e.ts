/**
 * A change with an `Idempotency-Key` is made once (DUR-6 of docs/reliability.md): with many requests at once, and when auth is
 * killed at a random moment of the change and the client tries again. `npm run test:chaos` kills more often.
 */
import { scriptedPlatform } from '@xerotier/dev';
import { createApiKey, listApiKeys } from '@xerotier/public-api/api-keys';
import { createClient } from '@xerotier/public-api/client';
import type { Client } from '@xerotier/public-api/client';
import { eventually } from '@xerotier/testing';
import { randomInt, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { isChaos } from './support/chaos.ts';
import { dedicatedPlatform } from './support/test-platform.ts';

const KILLS = isChaos ? 100 : 4;
/** A change takes some ten milliseconds. */
const KILL_AFTER_MAX_MS = 20;

const test = dedicatedPlatform(() => ({
  ...scriptedPlatform({ slots: 1 }),
  env: { MANAGEMENT_REQUESTS_PER_MINUTE: '100000' },
}));

const client = (): Client =>
  createClient({ baseUrl: test.description.projectUrl, apiKey: test.description.managementKey });

async function keysNamed(name: string): Promise<unknown[]> {
  const { data } = await client().call(listApiKeys, { query: { limit: '100' } });
  return data.filter((key) => key.name === name);
}

it('once, with 100 requests at once: each gets the same response or a 409', async () => {
  const headers = { 'Idempotency-Key': randomUUID() };
  const name = headers['Idempotency-Key'].slice(0, 20);
  const sent = Array.from({ length: 100 }, () => client().call(createApiKey, { headers, body: { name } }));
  const results = await Promise.allSettled(sent);
  const created = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const rejections = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
  expect(new Set(created.map(({ key }) => key)).size).toBe(1);
  for (const rejection of rejections) expect(rejection).toMatchObject({ status: 409 });
  expect(await keysNamed(name)).toHaveLength(1);
  await expect(client().call(createApiKey, { headers, body: { name: 'other' } })).rejects.toMatchObject({
    status: 409,
  });
});

it(`once, when auth is killed and the request is repeated, ${KILLS} times`, async () => {
  let [interrupted, made] = [0, 0];
  for (let kill = 0; kill < KILLS; kill += 1) {
    const headers = { 'Idempotency-Key': randomUUID() };
    const name = `killed ${kill}`;
    const create = (): Promise<{ id: string; key: string }> => client().call(createApiKey, { headers, body: { name } });
    const first = create().catch(() => undefined);
    await delay(randomInt(KILL_AFTER_MAX_MS));
    await test.platform.service('auth').kill('SIGKILL');
    await test.platform.service('auth').start();
    const seen = await first;
    if (seen === undefined) {
      interrupted += 1;
      made += (await eventually('the list', () => keysNamed(name).catch(() => undefined), 30_000)).length;
    }
    const again = await eventually('the response', () => create().catch(() => undefined), 30_000);
    if (seen !== undefined) expect(again).toEqual(seen);
    expect(await keysNamed(name)).toHaveLength(1);
    // The value in the response is the one that was stored.
    const models = await fetch(`${test.description.projectUrl}/models`, {
      headers: { authorization: `Bearer ${again.key}` },
    });
    expect(models.status).toBe(200);
  }
  process.stdout.write(
    `idempotency: ${KILLS} kills, ${interrupted} requests were interrupted, ${made} of them after their commit\n`,
  );
  // A few kills may all be too late.
  if (isChaos) expect(interrupted).toBeGreaterThan(0);
}, 1_200_000);
