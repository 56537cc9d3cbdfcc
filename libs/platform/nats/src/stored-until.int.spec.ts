import { event } from '@xerotier/contracts/define';
import { silentLog } from '@xerotier/log/testing';
import { eventually, testServers } from '@xerotier/testing';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { consumeEvents } from './event-consumer.ts';
import type { Consuming } from './event-consumer.ts';
import { publishConfirmed } from './publish-confirmed.ts';
import { StoredUntil } from './stored-until.ts';
import { testBuses } from './testing.ts';

const servers = testServers('nats');
const connectBus = testBuses(() => servers.nats.url);
const happened = event({ subject: 'test.v1.stored', stream: 'STORED', data: z.object({ n: z.number() }) });

let consuming: Consuming | undefined;
afterEach(() => consuming?.stop());

describe('StoredUntil', () => {
  it('is the time before which everything that was published is handled', async () => {
    const { connection } = await connectBus();
    const publish = (n: number): Promise<unknown> =>
      publishConfirmed(connection, happened.subject, Buffer.from(JSON.stringify([{ n }])), {});
    const blocked = new Map<number, () => void>();
    consuming = await consumeEvents(
      connection,
      happened,
      ([first]) => new Promise((resolve) => blocked.set(first?.n ?? 0, resolve)),
      { durable: 'first', batchMax: 1, log: silentLog() },
    );
    const release = async (n: number): Promise<void> => {
      (await eventually(`the event ${n} is being handled`, async () => blocked.get(n)))();
    };
    const stored = new StoredUntil(connection, happened, 'first');

    const idleAt = Date.now();
    expect(await stored.read()).toBeGreaterThanOrEqual(idleAt);

    await publish(1);
    const betweenAt = await readWhileBehind(stored);
    await publish(2);
    const before = await stored.read();
    expect(before).toBeLessThan(betweenAt);

    // The first event is handled, so what was published until the reading between them is.
    await release(1);
    await eventually('the time advances', async () => (await stored.read()) > before);
    expect(await stored.read()).toBeLessThan(Date.now());
    const publishedAt = Date.now();
    await delay(20);
    expect(await stored.read()).toBeLessThan(publishedAt);

    await release(2);
    await eventually('nothing waits', async () => (await stored.read()) > publishedAt);
  });

  /** A reading, and the time at which it was begun. */
  async function readWhileBehind(stored: StoredUntil): Promise<number> {
    await delay(5);
    const at = Date.now();
    await stored.read();
    await delay(5);
    return at;
  }
});
