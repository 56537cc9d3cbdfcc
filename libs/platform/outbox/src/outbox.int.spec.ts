/** The outbox, its relay and the inbox, on a real PostgreSQL and a real NATS; relay processes are killed. */
import { jetstreamManager } from '@nats-io/jetstream';
import { event } from '@xerotier/contracts/define';
import { openDatabase } from '@xerotier/db';
import { silentLog } from '@xerotier/log/testing';
import { consumeEvents, ensureStream } from '@xerotier/nats';
import type { BusConnection, Consuming } from '@xerotier/nats';
import { testBuses } from '@xerotier/nats/testing';
import { eventually, testServers } from '@xerotier/testing';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { DataSource, EntityManager, MigrationInterface, QueryRunner } from 'typeorm';
import { z } from 'zod';
import { pruneInbox, withInbox } from './inbox.ts';
import { startOutboxRelay } from './outbox-relay.ts';
import type { OutboxRelay } from './outbox-relay.ts';
import { createOutboxTables, dropOutboxTables } from './outbox-tables.ts';
import { addToOutbox, outboxBacklog } from './outbox.ts';
import { PublishedEvents } from './published-events.ts';

class CreateShop1795132800000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createOutboxTables(runner, 'shop');
    await runner.query('CREATE TABLE shop.sale (n integer PRIMARY KEY)');
    // No primary key, so that a duplicate effect is visible.
    await runner.query('CREATE TABLE shop.effect (n integer NOT NULL)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE shop.effect, shop.sale');
    await dropOutboxTables(runner, 'shop');
  }
}

const sold = event({ subject: 'shop.v1.sold', stream: 'SHOP', data: z.object({ n: z.number().int() }) });
const options = { schema: 'shop' };

const servers = testServers('nats', 'postgres');
const connectBus = testBuses(() => servers.nats.url);
let database: DataSource;
let connection: BusConnection;
const relays: OutboxRelay[] = [];
const consumers: Consuming[] = [];
const children = new Set<ChildProcess>();

beforeAll(async () => {
  database = await openDatabase({
    url: servers.postgres.url,
    schema: 'shop',
    applicationName: 'test',
    entities: [],
    migrations: [CreateShop1795132800000],
    poolMax: 10,
    log: silentLog(),
  });
});
beforeEach(async () => {
  ({ connection } = await connectBus());
  await ensureStream(connection, sold);
  await database.query('TRUNCATE shop.sale, shop.effect, shop.outbox, shop.inbox');
});
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  children.clear();
  await Promise.all([...relays.splice(0), ...consumers.splice(0)].map((one) => one.stop()));
});
afterAll(() => database?.destroy());

/** Writes a sale and its event in one transaction. */
async function sell(n: number, then: () => unknown = () => undefined): Promise<void> {
  await database.transaction(async (manager) => {
    await manager.query('INSERT INTO shop.sale (n) VALUES ($1)', [n]);
    await addToOutbox(manager, sold, { n }, options);
    await then();
  });
}

function relay(): void {
  relays.push(startOutboxRelay({ database, connection, ...options, events: [sold], log: silentLog(), pollMs: 20 }));
}

const writeEffect = (n: number) => async (manager: EntityManager) => {
  await manager.query('INSERT INTO shop.effect (n) VALUES ($1)', [n]);
};

/** Consumes with or without the inbox, and counts deliveries. */
async function consume(durable: string, inbox = true): Promise<{ deliveries: () => number }> {
  let count = 0;
  const handler = async (events: { n: number }[], deliveries: readonly { id: string }[]): Promise<void> => {
    for (const [at, { n }] of events.entries()) {
      count += 1;
      await database.transaction(async (manager) => {
        const entry = { ...options, consumer: durable, eventId: deliveries[at]?.id ?? '' };
        if (inbox) await withInbox(manager, entry, writeEffect(n));
        else await writeEffect(n)(manager);
      });
    }
  };
  consumers.push(await consumeEvents(connection, sold, handler, { durable, log: silentLog() }));
  return { deliveries: () => count };
}

async function numbers(table: 'sale' | 'effect', since = 0): Promise<number[]> {
  const rows = await database.query<{ n: number }[]>(`SELECT n FROM shop.${table} WHERE n >= $1 ORDER BY n`, [since]);
  return rows.map(({ n }) => n);
}

async function isEmpty(): Promise<boolean> {
  return (await outboxBacklog(database.manager, 'shop')).events === 0;
}

const isChaos = process.env['E2E_CHAOS'] !== undefined;

describe('the outbox', () => {
  it('publishes committed events only', async () => {
    relay();
    await consume('committed');
    await sell(1);
    await expect(
      sell(2, () => {
        throw new Error('rolled back');
      }),
    ).rejects.toThrow('rolled back');
    await sell(3);
    await eventually('the effects', async () => (await numbers('effect')).length === 2);
    expect(await isEmpty()).toBe(true);
    expect(await numbers('effect')).toEqual([1, 3]);
  });

  it('publishes an event whose transaction began first and commits last', async () => {
    relay();
    await consume('interleaved');
    const { promise: mayCommit, resolve: commit } = Promise.withResolvers<void>();
    const slow = database.transaction(async (manager) => {
      await addToOutbox(manager, sold, { n: 10 }, options);
      await mayCommit;
    });
    await sell(11);
    await eventually('the second is published', async () => (await numbers('effect')).includes(11));
    commit();
    await slow;
    await eventually('the first too', async () => (await numbers('effect', 10)).length === 2);
  });

  // DUR-5 of docs/reliability.md. The whole length, with `E2E_CHAOS`, in `npm run test:chaos`.
  it('misses none while a transaction is open for long, and says how long events take', async () => {
    const [count, openMs] = isChaos ? [1_000, 10_000] : [50, 500];
    const committedAt = new Map<number, number>();
    const lags: number[] = [];
    const seen = new Set<number>();
    relays.push(startOutboxRelay({ database, connection, ...options, events: [sold], log: silentLog() }));
    // Not a durable consumer, which collects events for up to a second.
    connection.nats.subscribe(sold.subject, {
      callback: (_, message) => {
        for (const { n } of [message.json<{ n: number } | { n: number }[]>()].flat()) {
          if (!seen.has(n)) lags.push(performance.now() - (committedAt.get(n) ?? NaN));
          seen.add(n);
        }
      },
    });
    const open = sell(0, () => delay(openMs)).then(() => committedAt.set(0, performance.now()));
    for (let n = 1; n <= count; n += 1) {
      // An event may arrive before its commit has returned.
      committedAt.set(n, performance.now());
      await sell(n);
      await delay(10);
    }
    await open;
    await eventually('all events', () => seen.size === count + 1, 30_000);
    const sorted = lags.toSorted((a, b) => a - b);
    const of = (share: number): string => (sorted[Math.floor(sorted.length * share)] ?? NaN).toFixed(0);
    process.stdout.write(`outbox: ${count} events, p50 ${of(0.5)} ms, p99 ${of(0.99)} ms, maximum ${of(0.9999)} ms\n`);
    expect(lags).toHaveLength(count + 1);
  }, 120_000);

  it('rejects events outside a transaction, invalid events, and events without a stream', async () => {
    await expect(addToOutbox(database.manager, sold, { n: 1 }, options)).rejects.toThrow('transaction');
    const inTransaction = (contract: typeof sold, data: { n: number }): Promise<unknown> =>
      database.transaction((manager) => addToOutbox(manager, contract, data, options));
    await expect(inTransaction(sold, { n: 1.5 })).rejects.toThrow();
    const { stream: _, ...unkept } = sold;
    await expect(inTransaction(unkept, { n: 1 })).rejects.toThrow('no stream');
    expect(await isEmpty()).toBe(true);
  });

  it('is full at its limit, and accepts events again when the relay has published some', async () => {
    const add = (n: number): Promise<unknown> =>
      database.transaction((manager) => addToOutbox(manager, sold, { n }, { ...options, eventsMax: 2 }));
    await add(20);
    await add(21);
    await expect(add(22)).rejects.toMatchObject({ code: 'outbox.full' });
    relay();
    await eventually('it is empty', isEmpty);
    await add(23);
  });

  it('creates the stream of its events, also when it is lost', async () => {
    const { streams } = await jetstreamManager(connection.nats);
    for (const n of [1, 2]) {
      await streams.delete('SHOP');
      await sell(n);
      if (n === 1) relay();
      await eventually('the event is published', isEmpty);
      expect((await streams.info('SHOP')).state.messages).toBe(1);
    }
  });

  it('keeps events while NATS is down', async () => {
    relay();
    await consume('outage');
    await servers.nats.stop();
    await sell(30);
    await delay(300);
    expect(await isEmpty()).toBe(false);
    await servers.nats.restart();
    await eventually('the effect', async () => (await numbers('effect', 30)).length === 1, 30_000);
  });
});

describe('an event that was published', () => {
  const rows = async (): Promise<number> => (await database.query<unknown[]>('SELECT FROM shop.outbox')).length;

  /** @returns what lets it handle its events. */
  async function consumeLater(durable: string): Promise<() => void> {
    const { promise: mayHandle, resolve: handle } = Promise.withResolvers<void>();
    consumers.push(await consumeEvents(connection, sold, () => mayHandle, { durable, log: silentLog() }));
    return handle;
  }

  beforeEach(async () => {
    // With the consumers of other tests, which handle nothing any more.
    await (await jetstreamManager(connection.nats)).streams.delete('SHOP');
    await ensureStream(connection, sold);
  });

  it('is kept until every durable consumer has handled it', async () => {
    await consume('fast');
    const handle = await consumeLater('slow');
    relay();
    await sell(40);
    await eventually('the effect of the fast one', async () => (await numbers('effect', 40)).length === 1);
    await delay(1_500);
    expect([await isEmpty(), await rows()]).toEqual([true, 1]);
    handle();
    await eventually('it is deleted', async () => (await rows()) === 0);
  });

  it('is published again if NATS loses its stream before that', async () => {
    const handle = await consumeLater('killed');
    relay();
    await sell(50);
    await eventually('it is published', async () => (await isEmpty()) && (await rows()) === 1);
    await (await jetstreamManager(connection.nats)).streams.delete('SHOP');
    await consume('late');
    await eventually('its effect', async () => (await numbers('effect', 50)).length === 1);
    handle();
  });

  it('is left to JetStream after an hour', async () => {
    const handle = await consumeLater('gone');
    await sell(60);
    await sell(61);
    await database.query(
      "UPDATE shop.outbox SET created_at = now() - interval '2 hours' WHERE payload::text LIKE '%60%'",
    );
    relay();
    await eventually('they are published', isEmpty);
    await new PublishedEvents(database, connection, 'shop').prune();
    expect(await rows()).toBe(1);
    handle();
  });
});

describe('killed relays', () => {
  async function startRelayProcess(mode = 'lives'): Promise<ChildProcess> {
    const flags = ['--disable-warning=ExperimentalWarning'];
    const file = join(import.meta.dirname, '../test/relay-process.ts');
    const child = spawn(process.execPath, [...flags, file, servers.postgres.url, servers.nats.url, mode], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    children.add(child);
    await once(child.stdout, 'data');
    return child;
  }

  async function exited(child: ChildProcess): Promise<void> {
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }

  it('lose no event and repeat no effect', async () => {
    const { deliveries } = await consume('killed');
    // Two relays at a time: one is killed between publish and commit, the other at a random moment.
    let sales = 100;
    const began = sales;
    for (let round = 0; round < 3; round += 1) {
      for (let sale = 0; sale < 25; sale += 1) {
        const n = sales++;
        await sell(n, () => {
          if (n % 7 === 0) throw new Error('rolled back');
        }).catch(() => undefined);
      }
      const [dying, other] = await Promise.all([startRelayProcess('dies'), startRelayProcess()]);
      await delay(round * 40);
      other.kill('SIGKILL');
      // Ensures that the relay that kills itself publishes at least one event.
      await sell(sales++);
      await Promise.all([dying, other].map(exited));
    }
    relay();
    await eventually('all is published', isEmpty, 30_000);
    const sold = await numbers('sale', began);
    await eventually('all effects', async () => (await numbers('effect', began)).length >= sold.length, 30_000);
    await delay(1_500);
    expect(await numbers('effect', began)).toEqual(sold);
    expect(deliveries()).toBeGreaterThanOrEqual(sold.length);
  }, 300_000);
});

describe('the inbox', () => {
  const entry = { ...options, consumer: 'once', eventId: 'e1' };
  const inTransaction = (of: typeof entry, effect = writeEffect(1)): Promise<boolean> =>
    database.transaction((manager) => withInbox(manager, of, effect));

  it('runs an effect once per consumer', async () => {
    expect(await inTransaction(entry)).toBe(true);
    expect(await inTransaction(entry)).toBe(false);
    expect(await inTransaction({ ...entry, consumer: 'another' })).toBe(true);
    expect(await numbers('effect')).toEqual([1, 1]);
  });

  it('runs an effect again after it failed', async () => {
    await expect(inTransaction(entry, () => Promise.reject(new Error('failed')))).rejects.toThrow('failed');
    expect(await inTransaction(entry)).toBe(true);
    expect(await numbers('effect')).toEqual([1]);
  });

  it('runs an effect once for concurrent deliveries', async () => {
    const ran = await Promise.all(Array.from({ length: 8 }, () => inTransaction(entry)));
    expect(ran.filter(Boolean)).toHaveLength(1);
    expect(await numbers('effect')).toEqual([1]);
  });

  it('is needed: without it the effect runs twice', async () => {
    const twice = async (): Promise<void> => void (await database.transaction((manager) => writeEffect(1)(manager)));
    await twice();
    await twice();
    expect(await numbers('effect')).toEqual([1, 1]);
  });

  it('deletes only old entries', async () => {
    await inTransaction(entry);
    await database.query("UPDATE shop.inbox SET received_at = now() - interval '2 hours'");
    await inTransaction({ ...entry, eventId: 'e2' });
    await pruneInbox(database.manager, 'shop', 60 * 60 * 1_000);
    expect(await database.query('SELECT event_id FROM shop.inbox')).toEqual([{ event_id: 'e2' }]);
  });

  it('requires a transaction', async () => {
    await expect(withInbox(database.manager, entry, writeEffect(1))).rejects.toThrow('transaction');
  });
});
