/** However and whenever a stream is given up, both sides are left with nothing of it. */
import { service, stream } from '@xerotier/contracts/define';
import { AppError } from '@xerotier/errors';
import { capturedLog } from '@xerotier/log/testing';
import { eventually, testServers } from '@xerotier/testing';
import fc from 'fast-check';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { BusLoad } from './bus.ts';
import type { BusConnection } from './connection.ts';
import { SharedInput } from './shared-input.ts';
import type { ServedStream } from './stream-server.ts';
import type { OpenStream } from './stream-caller.ts';
import { testBuses } from './testing.ts';
import type { TestBus } from './testing.ts';

const servers = testServers('nats');
let link: Link | undefined;
const connectBus = testBuses(() => servers.nats.url);
const connectOverLink = testBuses(() => link?.url ?? '');
afterEach(() => link?.close());

const work = stream({
  subject: 'work.v1.do',
  input: z.object({
    text: z.string(),
    index: z.number(),
    frames: z.number(),
    ends: z.enum(['itself', 'fails', 'when aborted']),
  }),
  head: z.object({}),
  end: z.object({ length: z.number(), cancelled: z.boolean() }),
  errors: ['worker.busy'],
});
type Input = z.output<(typeof work)['input']>;
type End = z.output<(typeof work)['end']>;

async function handle({ text, frames, ends }: Input, served: ServedStream<typeof work>): Promise<End> {
  served.head({});
  for (let i = 0; i < frames && !served.signal.aborted; i += 1) {
    served.data(Buffer.from(`${i}`));
    await (served.paused() ?? new Promise((resolve) => setImmediate(resolve)));
  }
  if (ends === 'fails') throw new AppError('worker.busy');
  if (ends === 'when aborted' && !served.signal.aborted) await once(served.signal, 'abort');
  return { length: text.length, cancelled: served.signal.aborted };
}

/** A connection to NATS that can be cut and slowed down. */
class Link {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #delayMs: number;

  private constructor(delayMs: number) {
    this.#delayMs = delayMs;
    this.#server = createServer((client) => {
      const upstream = connect(Number(new URL(servers.nats.url).port), '127.0.0.1');
      this.#forward(client, upstream);
      this.#forward(upstream, client);
    });
  }

  static async open(delayMs = 0): Promise<Link> {
    const opened = new Link(delayMs);
    opened.#server.listen(0, '127.0.0.1');
    await once(opened.#server, 'listening');
    return opened;
  }

  get url(): string {
    const url = new URL(servers.nats.url);
    url.host = `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    return url.href;
  }

  /** What is on its way is lost. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  close(): void {
    this.cut();
    this.#server.close();
  }

  #forward(from: Socket, to: Socket): void {
    this.#sockets.add(from);
    from.on('data', (data) => {
      if (this.#delayMs === 0) to.write(data);
      else setTimeout(() => to.write(data), this.#delayMs);
    });
    from.on('error', () => undefined);
    from.on('close', () => {
      this.#sockets.delete(from);
      to.destroy();
    });
  }
}

const moments = ['opened', 'turn', 'pull', 'head', 'data'] as const;

interface Trial {
  readonly bytes: number;
  readonly streams: number;
  readonly frames: number;
  readonly ends: Input['ends'];
  readonly at: (typeof moments)[number];
  /** How often that must have come. */
  readonly nth: number;
  readonly action: 'cancel' | 'abandon' | 'pause' | 'cut';
  /** Of the streams that were opened together, the action is about so many. */
  readonly targets: number;
}

/** Around the size of a message, and several times as much. */
const sizes = [10, 1_044_000, 1_045_000, 2_500_000, 4_500_000];

function trials(...actions: Trial['action'][]): fc.Arbitrary<Trial> {
  return fc.record({
    bytes: fc.constantFrom(...sizes),
    streams: fc.integer({ min: 1, max: 4 }),
    frames: fc.integer({ min: 0, max: 40 }),
    ends: fc.constantFrom('itself', 'fails', 'when aborted'),
    at: fc.constantFrom(...moments),
    nth: fc.integer({ min: 1, max: 4 }),
    action: fc.constantFrom(...actions),
    targets: fc.integer({ min: 1, max: 4 }),
  });
}

interface Opened {
  readonly stream: OpenStream;
  readonly over: Promise<End | AppError>;
  endings: number;
  abandoned: boolean;
}

/** Only a failing test waits for so long. Shorter than the timeout of a test, so that it says which trial failed. */
const PATIENCE_MS = 15_000;

/** Opens streams, acts when the moment comes, and in the end cancels what would run for ever. Returns how each ended. */
async function run({ bus, connection }: TestBus, trial: Trial): Promise<Opened[]> {
  const { bytes, streams, frames, ends, at, nth, action, targets } = trial;
  const { promise: acted, resolve: act } = Promise.withResolvers<void>();
  const opened: Opened[] = [];
  let seen = 0;
  const note = (moment: Trial['at']): void => {
    if (moment !== at || (seen += 1) !== nth) return;
    for (const one of opened.slice(0, targets)) {
      if (action === 'abandon') one.abandoned = true;
      if (action !== 'cut') one.stream[action]();
    }
    if (action === 'cut') link?.cut();
    act();
  };
  const pulls = connection.nats.subscribe(`${connection.inboxPrefix}.b.*`, { callback: () => note('pull') });
  const shared = new SharedInput<Input>({ text: 'x'.repeat(bytes), frames, ends });
  for (let index = 0; index < streams; index += 1) {
    const { promise: over, resolve } = Promise.withResolvers<End | AppError>();
    const ended = (how: End | AppError): void => {
      (opened[index] as Opened).endings += 1;
      resolve(how);
    };
    const sink = { head: () => note('head'), data: () => note('data'), end: ended, error: ended };
    const one = bus.openShared(work, shared, { index }, sink, {});
    opened.push({ stream: one, over, endings: 0, abandoned: false });
  }
  note('opened');
  setImmediate(() => note('turn'));
  const settled = Promise.all(opened.map(({ over }) => over));
  // The moment may never come, and must not come later.
  await Promise.race([acted, settled, sleep(150)]);
  await sleep(1);
  seen = Infinity;
  for (const { stream: one, abandoned } of opened) {
    if (action === 'pause') one.resume();
    if (ends === 'when aborted' && !abandoned) one.cancel();
  }
  await eventually(
    'every stream has ended',
    () => opened.every(({ endings, abandoned }) => abandoned || endings > 0),
    PATIENCE_MS,
  );
  pulls.unsubscribe();
  return opened;
}

const idle: BusLoad = {
  openStreams: 0,
  servedStreams: 0,
  pendingRequests: 0,
  keptBodies: 0,
  frameWriters: 0,
  heartbeats: 0,
};

/** The client of NATS does not tell how many there are. */
function subscriptionsOf({ nats }: BusConnection): number {
  return (nats as unknown as { protocol: { subscriptions: { size(): number } } }).protocol.subscriptions.size();
}

async function expectNothingLeft(buses: readonly TestBus[], subscriptions: readonly number[]): Promise<void> {
  const loads = (): BusLoad[] => buses.map(({ bus }) => bus.load);
  await eventually(
    'nothing is left',
    () => loads().every((load) => JSON.stringify(load) === JSON.stringify(idle)),
    PATIENCE_MS,
  ).catch(() => expect(loads()).toEqual(buses.map(() => idle)));
  expect(buses.map(({ connection }) => subscriptionsOf(connection))).toEqual(subscriptions);
}

function expectEndedOnce(opened: readonly Opened[]): void {
  expect(opened.map(({ endings }) => endings)).toEqual(opened.map(({ abandoned }) => (abandoned ? 0 : 1)));
}

/** Those that nothing was done to end as if they were alone. */
async function expectOthersUntouched(opened: readonly Opened[], { bytes, ends, targets }: Trial): Promise<void> {
  if (ends === 'when aborted') return;
  for (const { over } of opened.slice(targets)) {
    if (ends === 'itself') expect(await over).toEqual({ length: bytes, cancelled: false });
    else expect(await over).toMatchObject({ code: 'worker.busy' });
  }
}

describe('an abandoned stream', () => {
  it('leaves nothing on either side at any time, without waiting for a timeout', async () => {
    const liveness = { intervalMs: 20, silenceMs: 60_000 };
    const { log, lines } = capturedLog();
    const [server, client] = [await connectBus({ liveness, log }), await connectBus({ liveness })];
    server.bus.serve(service('work', { do: work }), { do: handle }, { queue: null });
    await server.bus.flush();
    const subscriptions = [server, client].map(({ connection }) => subscriptionsOf(connection));
    await fc.assert(
      fc.asyncProperty(trials('cancel', 'abandon', 'pause'), async (trial) => {
        const opened = await run(client, trial);
        expectEndedOnce(opened);
        await expectOthersUntouched(opened, trial);
        await expectNothingLeft([server, client], subscriptions);
      }),
      { numRuns: 25, endOnFailure: true },
    );
    expect(lines().filter(({ code }) => code === 'bus.peer_lost')).toEqual([]);
  });

  it('leaves nothing on either side when the connection is lost', async () => {
    link = await Link.open();
    const liveness = { intervalMs: 20, silenceMs: 400 };
    const [server, client] = [await connectBus({ liveness }), await connectOverLink({ liveness })];
    server.bus.serve(service('work', { do: work }), { do: handle }, { queue: null });
    await server.bus.flush();
    const subscriptions = [server, client].map(({ connection }) => subscriptionsOf(connection));
    await fc.assert(
      fc.asyncProperty(trials('cut'), async (trial) => {
        const opened = await run(client, trial);
        expectEndedOnce(opened);
        await expectNothingLeft([server, client], subscriptions);
        expect(await client.bus.connectedWithin(10_000)).toBe(true);
      }),
      { numRuns: 5, endOnFailure: true },
    );
  });
});

describe('a control action', () => {
  it.each(['resume', 'cancel'] as const)('is repeated when a lost connection dropped it: %s', async (said) => {
    link = await Link.open();
    // Nobody is given up: the reconnect takes less.
    const liveness = { intervalMs: 20, silenceMs: 20_000 };
    const [server, client] = [await connectBus({ liveness }), await connectOverLink({ liveness })];
    const { promise: held, resolve: hold } = Promise.withResolvers<void>();
    const wait = async ({ text }: Input, served: ServedStream<typeof work>): Promise<End> => {
      await eventually('it is paused', () => served.paused() !== undefined);
      hold();
      await served.paused();
      return { length: text.length, cancelled: served.signal.aborted };
    };
    server.bus.serve(service('work', { do: work }), { do: wait }, { queue: null });
    await server.bus.flush();
    const { promise: over, resolve } = Promise.withResolvers<End | AppError>();
    const sink = { head: () => undefined, data: () => undefined, end: resolve, error: resolve };
    const opened = client.bus.open(work, { text: 'hello', index: 0, frames: 0, ends: 'itself' }, sink, {});
    opened.pause();
    await held;
    opened[said]();
    // In the same turn, before it has left the process.
    link.cut();
    expect(await over).toEqual({ length: 5, cancelled: said === 'cancel' });
  });
});

describe('liveness', () => {
  it('keeps a caller whose body takes longer than the timeout', async () => {
    link = await Link.open(60);
    const [server, client] = [
      await connectBus({ liveness: { intervalMs: 20, silenceMs: 400 } }),
      await connectOverLink({ liveness: { intervalMs: 20, silenceMs: 2_000 } }),
    ];
    server.bus.serve(service('work', { do: work }), { do: handle }, { queue: null });
    await server.bus.flush();
    const trial = { bytes: 9_000_000, streams: 1, frames: 3, ends: 'itself', at: 'data', nth: 99 } as const;
    const [opened] = await run(client, { ...trial, action: 'cancel', targets: 1 });
    expect(await opened?.over).toEqual({ length: 9_000_000, cancelled: false });
  });

  it('ignores the time in which the process itself was stalled', async () => {
    const liveness = { intervalMs: 50, silenceMs: 300 };
    const [server, client] = [await connectBus({ liveness }), await connectBus({ liveness })];
    server.bus.serve(service('work', { do: work }), { do: handle }, { queue: null });
    await server.bus.flush();
    let heads = 0;
    const { promise: over, resolve } = Promise.withResolvers<End | AppError>();
    const sink = { head: () => void (heads += 1), data: () => undefined, end: resolve, error: resolve };
    const input = { text: 'hello', index: 0, frames: 0, ends: 'when aborted' } as const;
    const opened = client.bus.open(work, input, sink, {});
    await eventually('it runs', () => heads === 1);
    for (let i = 0; i < 3; i += 1) {
      const until = performance.now() + 700;
      while (performance.now() < until);
      await sleep(60);
    }
    expect([client.bus.openStreams, server.bus.servedStreams]).toEqual([1, 1]);
    opened.cancel();
    expect(await over).toEqual({ length: 5, cancelled: true });
  });
});
