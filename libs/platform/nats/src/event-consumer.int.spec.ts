/** Durable consumers on a real NATS server: deliveries, retries and dead letters. */
import { jetstreamManager, RetentionPolicy } from '@nats-io/jetstream';
import type { StoredMsg } from '@nats-io/jetstream';
import { event } from '@xerotier/contracts/define';
import type { EventContract } from '@xerotier/contracts/define';
import { AppError } from '@xerotier/errors';
import { capturedLog, silentLog } from '@xerotier/log/testing';
import { eventually, testServers } from '@xerotier/testing';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { BusConnection } from './connection.ts';
import { deadLetterHeader } from './dead-letters.ts';
import { DurablePublisher } from './durable-publisher.ts';
import { consumeEvents } from './event-consumer.ts';
import type { ConsumeOptions, Consuming, EventHandler } from './event-consumer.ts';
import { ensureStream, NANOSECONDS } from './event-streams.ts';
import { publishConfirmed } from './publish-confirmed.ts';
import { testBuses } from './testing.ts';

const servers = testServers('nats');
const connectBus = testBuses(() => servers.nats.url);

const data = z.object({ n: z.number() });
let names = 0;
let happened: EventContract<string, typeof data>;
let stream = '';
let connection: BusConnection;
const consuming: Consuming[] = [];

beforeEach(async () => {
  names += 1;
  stream = `TEST${names}`;
  happened = event({ subject: `test.v1.happened${names}`, stream, data });
  ({ connection } = await connectBus());
  await ensureStream(connection, happened);
});
afterEach(async () => {
  await Promise.all(consuming.splice(0).map((one) => one.stop()));
});

function publish(n: unknown, id?: string): Promise<unknown> {
  const payload = Buffer.from(JSON.stringify([{ n }]));
  return publishConfirmed(connection, happened.subject, payload, { 'Nats-Msg-Id': id, 'X-Kept': 'yes' });
}

async function consume(
  handler: EventHandler<typeof happened>,
  options: Partial<ConsumeOptions> = {},
): Promise<Consuming> {
  const settings = { durable: 'first', backoffMs: [20], log: silentLog(), ...options };
  const one = await consumeEvents(connection, happened, handler, settings);
  consuming.push(one);
  return one;
}

async function deadLetters(): Promise<StoredMsg[]> {
  const { streams } = await jetstreamManager(connection.nats);
  const { state } = await streams.info(`${stream}_DLQ`);
  const letters: StoredMsg[] = [];
  for (let seq = state.first_seq; state.messages > 0 && seq <= state.last_seq; seq += 1) {
    const letter = await streams.getMessage(`${stream}_DLQ`, { seq });
    if (letter !== null) letters.push(letter);
  }
  return letters;
}

/** Whether this consumer has no pending or unacknowledged messages. */
async function isIdle(durable = 'first'): Promise<boolean> {
  const { consumers } = await jetstreamManager(connection.nats);
  const info = await consumers.info(stream, durable);
  return info.num_pending === 0 && info.num_ack_pending === 0;
}

describe('two consumers of one stream', () => {
  it('both receive every event, also one that starts later', async () => {
    const received: Record<string, number[]> = { first: [], second: [] };
    await consume(async (events) => void received['first']?.push(...events.map(({ n }) => n)));
    await publish(1);
    await eventually('the first has it', () => isIdle());
    await consume(async (events) => void received['second']?.push(...events.map(({ n }) => n)), { durable: 'second' });
    await publish(2);
    await eventually('both have both', async () => (await isIdle()) && (await isIdle('second')));
    expect(received).toEqual({ first: [1, 2], second: [1, 2] });
  });

  it('are independent: one handles what the other fails on', async () => {
    const received: number[] = [];
    await consume(() => Promise.reject(new Error('never')), { deliveriesMax: 2 });
    await consume(async (events) => void received.push(...events.map(({ n }) => n)), { durable: 'second' });
    await publish(1);
    await eventually('it is a dead letter', async () => (await deadLetters()).length === 1);
    await eventually('the other is isIdle', () => isIdle('second'));
    expect(received).toEqual([1]);
  });
});

describe('replicas of one consumer', () => {
  it('share the events', async () => {
    const received: number[] = [];
    for (let replica = 0; replica < 2; replica += 1)
      await consume(async (events) => void received.push(...events.map(({ n }) => n)), { batchMax: 2 });
    await Promise.all(Array.from({ length: 20 }, (_, n) => publish(n)));
    await eventually('all are handled', () => isIdle());
    expect(received.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, n) => n));
  });
});

describe('a fetch that fails', () => {
  afterEach(() => void process.kill(servers.nats.pid as number, 'SIGCONT'));

  it('hands over what it has received before', async () => {
    const received: number[] = [];
    const { log, lines } = capturedLog();
    await consume(async (events) => void received.push(...events.map(({ n }) => n)), { log });
    await publish(1);
    await delay(20);
    // Heartbeats are missed from here on.
    process.kill(servers.nats.pid as number, 'SIGSTOP');
    await eventually('it is handled', () => received.length > 0, 10_000);
    process.kill(servers.nats.pid as number, 'SIGCONT');
    await eventually('it is acknowledged', () => isIdle());
    expect(received).toEqual([1]);
    expect(lines().map(({ msg }) => msg)).toEqual(['event fetch failed, retrying']);
  });
});

describe('an event whose handler always fails', () => {
  it('becomes a dead letter after its last delivery, unchanged and with the reason; others are handled', async () => {
    const { log, lines } = capturedLog();
    const handled: number[] = [];
    const attempts: number[] = [];
    await publish(13, 'the-id');
    for (const n of [1, 2, 3]) await publish(n);
    await consume(
      async (events, deliveries) => {
        if (events.length === 1 && events[0]?.n === 13) attempts.push(deliveries[0]?.deliveries ?? 0);
        if (events.some(({ n }) => n === 13)) throw new AppError('model.not_found', { model: 'secret' });
        handled.push(...events.map(({ n }) => n));
      },
      { deliveriesMax: 3, log },
    );
    await eventually('all is settled', () => isIdle());
    expect(handled.toSorted()).toEqual([1, 2, 3]);
    expect(attempts).toEqual([1, 2, 3]);
    const [letter, ...others] = await deadLetters();
    expect(others).toEqual([]);
    expect(letter?.subject).toBe(`dlq.v1.${stream}.first`);
    expect(letter?.string()).toBe('[{"n":13}]');
    const header = (name: string): string | undefined => letter?.header.get(name);
    expect(header('X-Kept')).toBe('yes');
    expect(header(deadLetterHeader.subject)).toBe(happened.subject);
    expect(header(deadLetterHeader.sequence)).toBe('1');
    expect(header(deadLetterHeader.messageId)).toBe('the-id');
    expect(header(deadLetterHeader.errorCode)).toBe('model.not_found');
    expect(header(deadLetterHeader.deliveries)).toBe('3');
    expect(lines().filter(({ level }) => level === 'error')).toEqual([
      expect.objectContaining({ msg: 'event moved to dead-letter stream', code: 'model.not_found', deliveries: 3 }),
    ]);
  });

  it('does not become a dead letter when the handler recovers before', async () => {
    let attempts = 0;
    await publish(1);
    await consume(
      async () => {
        attempts += 1;
        if (attempts < 3) throw new Error('not yet');
      },
      { deliveriesMax: 3 },
    );
    await eventually('it is handled', async () => attempts === 3 && (await isIdle()));
    expect(await deadLetters()).toEqual([]);
  });

  it('does not become a dead letter during an outage, and is handled afterwards', async () => {
    let attempts = 0;
    const deliveryCounts = new Set<number>();
    await publish(1);
    await consume(
      async (_, deliveries) => {
        attempts += 1;
        deliveryCounts.add(deliveries[0]?.deliveries ?? 0);
        if (attempts < 12) throw new AppError('db.unavailable');
      },
      { deliveriesMax: 2 },
    );
    await eventually('it is handled', async () => attempts === 12 && (await isIdle()));
    expect(await deadLetters()).toEqual([]);
    // The consumer kept the message instead of requesting a redelivery.
    expect([...deliveryCounts]).toEqual([1]);
  });

  it('is delivered to the next process when this one stops during an outage', async () => {
    let isAway = true;
    let handled = 0;
    const handler = async (): Promise<void> => {
      if (isAway) throw new AppError('db.unavailable');
      handled += 1;
    };
    await publish(1);
    const stopped = await consume(handler, { deliveriesMax: 1 });
    await delay(100);
    await stopped.stop();
    isAway = false;
    await consume(handler, { deliveriesMax: 2 });
    await eventually('it is handled', () => handled === 1);
    expect(await deadLetters()).toEqual([]);
  });
});

describe('an event that does not match its contract', () => {
  it('becomes a dead letter at once, and the others are handled', async () => {
    const handled: number[] = [];
    await publish(1);
    await publish('text');
    await publish(2);
    await consume(async (events) => void handled.push(...events.map(({ n }) => n)));
    await eventually('all is settled', () => isIdle());
    expect(handled).toEqual([1, 2]);
    const letters = await deadLetters();
    expect(letters.map((letter) => letter.string())).toEqual(['[{"n":"text"}]']);
    expect(letters[0]?.header.get(deadLetterHeader.errorCode)).toBe('bus.unreadable');
    expect(letters[0]?.header.get(deadLetterHeader.deliveries)).toBe('1');
  });
});

describe('a slow handler', () => {
  it('keeps its event while it runs', async () => {
    let runs = 0;
    const handler = async (): Promise<void> => {
      runs += 1;
      await delay(5_000);
    };
    await publish(1);
    for (let replica = 0; replica < 2; replica += 1) await consume(handler, { ackWaitMs: 2_000 });
    await eventually('it is handled', () => isIdle());
    expect(runs).toBe(1);
  });

  it('loses its event to another replica when its process dies', async () => {
    const { connection: dying } = await connectBus();
    const lost = { durable: 'first', ackWaitMs: 2_000, log: silentLog() };
    let taken = 0;
    const hanging = await consumeEvents(dying, happened, () => new Promise(() => void (taken += 1)), lost);
    await publish(1);
    await eventually('it is taken', () => taken === 1);
    await dying.nats.close();
    let handled = 0;
    await consume(async (_, [delivery]) => void (handled = delivery?.deliveries ?? 0), { ackWaitMs: 2_000 });
    await eventually('it is redelivered', () => handled >= 2);
    void hanging;
  });
});

describe('event ids', () => {
  it('are those they were published with, unique within a message, and stable', async () => {
    const ids: string[][] = [];
    const publisher = new DurablePublisher(connection, happened, silentLog());
    publisher.publish({ n: 1 });
    publisher.publish({ n: 2 });
    await publisher.close(5_000);
    await publish(3, 'own');
    await consume(async (_, deliveries) => {
      ids.push(deliveries.map(({ id }) => id));
      if (ids.length === 1) throw new Error('again');
    });
    await eventually('all is settled', () => isIdle());
    const seen = ids.flat();
    expect(new Set(seen).size).toBe(3);
    expect(seen).toContain('own');
    expect(ids[0]?.[0]?.slice(0, -1)).toBe(ids[0]?.[1]?.slice(0, -1));
  });
});

describe('existing streams', () => {
  it('are updated to the current configuration, and keep their messages', async () => {
    await publish(1);
    const { streams } = await jetstreamManager(connection.nats);
    await streams.update(stream, { max_age: 120_000 * NANOSECONDS, max_bytes: 1_000_000 });
    await ensureStream(connection, happened);
    const { config, state } = await streams.info(stream);
    expect(config.max_bytes).toBeGreaterThan(1_000_000);
    expect(config.max_age).toBeGreaterThan(120_000 * NANOSECONDS);
    expect(state.messages).toBe(1);
  });

  it('are updated with their durable consumers', async () => {
    const first = await consume(async () => undefined);
    await first.stop();
    await consume(async () => undefined, { ackWaitMs: 45_000 });
    const { consumers } = await jetstreamManager(connection.nats);
    expect((await consumers.info(stream, 'first')).config.ack_wait).toBe(45_000 * NANOSECONDS);
  });

  it('that are work queues are drained first and then deleted, without loss', async () => {
    const manager = await jetstreamManager(connection.nats);
    const subject = `${happened.subject}.old`;
    await manager.streams.add({ name: `OLD${names}`, subjects: [subject], retention: RetentionPolicy.Workqueue });
    const moved = event({ subject, stream: `NEW${names}`, replacesStream: `OLD${names}`, data });
    const put = (n: number): Promise<unknown> =>
      publishConfirmed(connection, subject, Buffer.from(JSON.stringify([{ n }])), {});
    for (const n of [1, 2, 3]) await put(n);
    await ensureStream(connection, moved);
    await ensureStream(connection, moved);
    for (const n of [4, 5]) await put(n);
    const handled: number[] = [];
    consuming.push(
      await consumeEvents(connection, moved, async (events) => void handled.push(...events.map(({ n }) => n)), {
        durable: 'first',
        log: silentLog(),
      }),
    );
    await eventually('all are handled', () => handled.length === 5);
    expect(handled).toEqual([1, 2, 3, 4, 5]);
    await expect(manager.streams.info(`OLD${names}`)).rejects.toThrow('not found');
  });
});
