/** Streams that are opened together: one message, then independent streams. */
import { service, stream } from '@xerotier/contracts/define';
import { AppError } from '@xerotier/errors';
import { eventually, testServers } from '@xerotier/testing';
import fc from 'fast-check';
import { z } from 'zod';
import type { ServedStream } from './stream-server.ts';
import { SharedInput } from './shared-input.ts';
import { testBuses } from './testing.ts';
import type { TestBus } from './testing.ts';

const servers = testServers('nats');
const connectBus = testBuses(() => servers.nats.url);

const say = stream({
  subject: 'talk.v1.say.{who}',
  input: z.object({ text: z.string(), index: z.number(), times: z.number().default(1) }),
  head: z.object({ index: z.number() }),
  end: z.object({ length: z.number(), cancelled: z.boolean() }),
  errors: ['worker.busy'],
});
const talk = service('talk', { say });

interface Listener {
  readonly bus: TestBus['bus'];
  /** Body sizes of the messages on its subject. */
  readonly messages: number[];
}

async function listener(who: string, busyAt: readonly number[] = []): Promise<Listener> {
  const { bus, connection } = await connectBus();
  const messages: number[] = [];
  connection.nats.subscribe(`talk.v1.say.${who}`, { callback: (_, { data }) => void messages.push(data.length) });
  const handle = async (
    { text, index, times }: z.output<(typeof say)['input']>,
    served: ServedStream<typeof say>,
  ): Promise<z.input<(typeof say)['end']>> => {
    if (busyAt.includes(index)) throw new AppError('worker.busy');
    served.head({ index });
    for (let i = 0; i < times && !served.signal.aborted; i += 1) {
      served.data(Buffer.from(`${who}${index}`));
      await (served.paused() ?? new Promise((resolve) => setImmediate(resolve)));
    }
    return { length: text.length, cancelled: served.signal.aborted };
  };
  bus.serve(talk, { say: handle }, { values: { who }, queue: null });
  await bus.flush();
  return { bus, messages };
}

interface Opened {
  readonly stream: ReturnType<TestBus['bus']['open']>;
  readonly texts: string[];
  readonly ended: Promise<z.output<(typeof say)['end']> | AppError>;
}

function open({ bus }: TestBus, shared: SharedInput<{ text: string }>, who: string, input: object): Opened {
  const texts: string[] = [];
  const { promise: ended, resolve } = Promise.withResolvers<z.output<(typeof say)['end']> | AppError>();
  const sink = {
    head: () => undefined,
    data: (payload: Uint8Array) => void texts.push(Buffer.from(payload).toString()),
    end: resolve,
    error: resolve,
  };
  const opened = bus.openShared(say, shared, { ...input }, sink, { values: { who } });
  return { stream: opened, texts, ended };
}

const all = (opened: readonly Opened[]): Promise<unknown[]> => Promise.all(opened.map(({ ended }) => ended));

describe('streams with a shared input', () => {
  it('are sent as one message per subject, with the common part as its body', async () => {
    const [a, b] = [await listener('a'), await listener('b')];
    const client = await connectBus();
    const shared = new SharedInput({ text: 'x'.repeat(1_000) });
    const opened = ['a', 'b', 'a', 'a', 'b'].map((who, index) => open(client, shared, who, { index }));
    expect(await all(opened)).toEqual(opened.map(() => ({ length: 1_000, cancelled: false })));
    expect(opened.map(({ texts }) => texts)).toEqual([['a0'], ['b1'], ['a2'], ['a3'], ['b4']]);
    expect([a.messages, b.messages]).toEqual([[shared.bytes.length], [shared.bytes.length]]);
  });

  it('all reach their subjects, in any number and at any time', async () => {
    const subjects = ['a', 'b', 'c'];
    const listeners = await Promise.all(subjects.map((who) => listener(who)));
    const client = await connectBus();
    const turns = fc.array(fc.array(fc.constantFrom(...subjects), { minLength: 1, maxLength: 40 }), {
      minLength: 1,
      maxLength: 3,
    });
    await fc.assert(
      fc.asyncProperty(turns, async (plan) => {
        for (const { messages } of listeners) messages.length = 0;
        const shared = new SharedInput({ text: 'hello' });
        const opened: [string, Opened][] = [];
        let index = 0;
        for (const turn of plan) {
          for (const who of turn) opened.push([`${who}${index}`, open(client, shared, who, { index: index++ })]);
          await new Promise((resolve) => setImmediate(resolve));
        }
        await all(opened.map(([, one]) => one));
        for (const [text, { texts }] of opened) expect(texts).toEqual([text]);
        const expected = plan.reduce((sum, turn) => {
          const counts = subjects.map((who) => turn.filter((one) => one === who).length);
          return sum + counts.reduce((messages, count) => messages + Math.ceil(count / 32), 0);
        }, 0);
        expect(listeners.reduce((sum, { messages }) => sum + messages.length, 0)).toBe(expected);
      }),
      { numRuns: 25 },
    );
  });

  it('pull a common part that is larger than a message once', async () => {
    const { messages } = await listener('a');
    const client = await connectBus();
    let pulled = 0;
    client.connection.nats.subscribe(`${client.connection.inboxPrefix}.b.*`, { callback: () => void (pulled += 1) });
    const shared = new SharedInput({ text: 'x'.repeat(2_500_000) });
    const opened = [0, 1, 2, 3].map((index) => open(client, shared, 'a', { index }));
    expect(await all(opened)).toEqual(opened.map(() => ({ length: 2_500_000, cancelled: false })));
    expect(messages).toEqual([0]);
    expect(pulled).toBe(3);
  });

  it('are cancelled and fail independently', async () => {
    await listener('a', [1]);
    const client = await connectBus();
    const shared = new SharedInput({ text: 'hello' });
    const opened = [0, 1, 2].map((index) => open(client, shared, 'a', { index, times: index === 0 ? 1_000_000 : 3 }));
    expect(await opened[1]?.ended).toMatchObject({ code: 'worker.busy' });
    expect(await opened[2]?.ended).toEqual({ length: 5, cancelled: false });
    opened[0]?.stream.cancel();
    expect(await opened[0]?.ended).toEqual({ length: 5, cancelled: true });
  });

  it('can be cancelled before they are sent', async () => {
    await listener('a');
    const client = await connectBus();
    const shared = new SharedInput({ text: 'hello' });
    const opened = [0, 1].map((index) => open(client, shared, 'a', { index, times: 1_000_000 }));
    for (const { stream: one } of opened) one.cancel();
    expect(await all(opened)).toMatchObject([{ cancelled: true }, { cancelled: true }]);
  });

  it('are not sent when abandoned before', async () => {
    const { messages } = await listener('a');
    const client = await connectBus();
    const shared = new SharedInput({ text: 'hello' });
    const [first, second] = [0, 1].map((index) => open(client, shared, 'a', { index })) as [Opened, Opened];
    first.stream.abandon();
    expect(await second.ended).toEqual({ length: 5, cancelled: false });
    expect([first.texts, messages.length, client.bus.openStreams]).toEqual([[], 1, 0]);
  });

  it('all fail at once without a responder', async () => {
    const client = await connectBus();
    const shared = new SharedInput({ text: 'hello' });
    const opened = [0, 1, 2].map((index) => open(client, shared, 'unserved', { index }));
    expect(await all(opened)).toMatchObject(opened.map(() => ({ code: 'bus.no_responders' })));
  });

  it('all fail when the common part does not match the contract', async () => {
    await listener('a');
    const client = await connectBus();
    const shared = new SharedInput({ text: 5 }) as never;
    const opened = [0, 1, 2].map((index) => open(client, shared, 'a', { index }));
    expect(await all(opened)).toMatchObject(opened.map(() => ({ code: 'bus.unreadable' })));
    await eventually('nothing is left open', () => client.bus.openStreams === 0);
  });

  it('are opened one by one at an older server', async () => {
    const { messages } = await listener('a');
    const client = await connectBus();
    const older = await connectBus();
    // It reads a message and its reply subject, and ignores newer headers.
    older.connection.nats.subscribe('talk.v1.say.older', {
      callback: (_, { data, reply = '' }) => older.connection.nats.publish('talk.v1.say.a', data, { reply }),
    });
    await older.bus.flush();
    const shared = new SharedInput({ text: 'hello' });
    const opened = [0, 1, 2].map((index) => open(client, shared, 'older', { index }));
    expect(await all(opened)).toEqual(opened.map(() => ({ length: 5, cancelled: false })));
    expect(opened.map(({ texts }) => texts)).toEqual([['a0'], ['a1'], ['a2']]);
    expect(messages).toHaveLength(1 + 3);
  });
});
