import { accessChanged } from '@xerotier/contracts/auth';
import { event, request, service, stream } from '@xerotier/contracts/define';
import { AppError } from '@xerotier/errors';
import { logContext, withLogContext } from '@xerotier/log';
import { capturedLog } from '@xerotier/log/testing';
import { eventually, testServers } from '@xerotier/testing';
import { z } from 'zod';
import type { Handlers } from './bus.ts';
import { decodeFrames, frameKind } from './frames.ts';
import type { FrameKind } from './frames.ts';
import type { ServedStream } from './stream-server.ts';
import { testBuses } from './testing.ts';
import type { StreamSink } from './stream-caller.ts';

const servers = testServers('nats');
const connectBus = testBuses(() => servers.nats.url);

const sum = request({
  subject: 'math.v1.sum',
  timeoutMs: 1_000,
  input: z.object({ numbers: z.array(z.number()) }),
  output: z.object({ total: z.number() }),
  errors: ['request.invalid', 'router.no_worker'],
});
const count = stream({
  subject: 'math.v1.count.{who}',
  input: z.object({ to: z.number(), padding: z.string().default('') }),
  head: z.object({ from: z.number() }),
  end: z.object({ counted: z.number(), cancelled: z.boolean(), paddingLength: z.number() }),
  errors: ['worker.busy'],
});
const math = service('math', { sum, count });
const ticked = event({ subject: 'math.v1.ticked.{who}', data: z.object({ at: z.number() }) });

type Count = ServedStream<typeof count>;

const handlers: Handlers<(typeof math)['operations']> = {
  sum: ({ numbers }) => ({ total: numbers.reduce((a, b) => a + b, 0) }),
  count: async ({ to, padding }, served: Count) => {
    served.head({ from: 0 });
    let counted = 0;
    for (; counted < to && !served.signal.aborted; counted += 1) {
      served.data(Buffer.from(`${counted}`));
      await (served.paused() ?? new Promise((resolve) => setImmediate(resolve)));
    }
    return { counted, cancelled: served.signal.aborted, paddingLength: padding.length };
  },
};

/** Collects one stream. */
function collector(): StreamSink<typeof count> & {
  data: (payload: Uint8Array) => void;
  texts: string[];
  done: Promise<z.infer<(typeof count)['end']>>;
} {
  const texts: string[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<z.infer<(typeof count)['end']>>();
  promise.catch(() => undefined);
  return {
    texts,
    done: promise,
    head: () => undefined,
    data: (payload) => texts.push(Buffer.from(payload).toString()),
    end: resolve,
    error: reject,
  };
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'no error',
    (error: unknown) => (AppError.is(error) ? error.code : String(error)),
  );
}

describe('a request', () => {
  it('is handled by the handler of its contract', async () => {
    const [server, client] = [await connectBus(), await connectBus()];
    server.bus.serve(math, handlers, { values: { who: 'a' } });
    await server.bus.flush();
    await expect(client.bus.call(sum, { numbers: [1, 2, 3] })).resolves.toEqual({ total: 6 });
  });

  it('is handled by one of the replicas', async () => {
    const replies: string[] = [];
    for (const name of ['one', 'two']) {
      const { bus } = await connectBus();
      bus.serve(service('math', { sum }), { sum: () => (replies.push(name), { total: 0 }) });
      await bus.flush();
    }
    const { bus } = await connectBus();
    await Promise.all(Array.from({ length: 50 }, () => bus.call(sum, { numbers: [] })));
    expect(replies).toHaveLength(50);
    expect(new Set(replies).size).toBe(2);
  });

  it('fails at once without a responder', async () => {
    const { bus } = await connectBus();
    expect(await codeOf(bus.call(sum, { numbers: [] }))).toBe('bus.no_responders');
  });

  it('fails when there is no response in time', async () => {
    const [server, client] = [await connectBus(), await connectBus()];
    server.bus.serve(service('math', { sum }), { sum: () => new Promise(() => undefined) });
    await server.bus.flush();
    expect(await codeOf(client.bus.call(sum, { numbers: [] }, { deadlineMs: 50 }))).toBe('bus.timeout');
  });

  it('is rejected when it does not match the contract, with the invalid field', async () => {
    const [server, client] = [await connectBus(), await connectBus()];
    server.bus.serve(math, handlers, { values: { who: 'a' } });
    await server.bus.flush();
    const failing = client.bus.call(sum, { numbers: ['one'] } as never);
    await expect(failing).rejects.toThrow('numbers.0');
    expect(await codeOf(failing)).toBe('bus.unreadable');
  });

  it('fails when the response does not match the contract', async () => {
    const [server, client] = [await connectBus(), await connectBus()];
    server.bus.serve(service('math', { sum }), { sum: () => ({ total: 'many' }) as never });
    await server.bus.flush();
    expect(await codeOf(client.bus.call(sum, { numbers: [] }))).toBe('bus.unreadable');
  });

  it('transfers an error with code, details, param and retry time', async () => {
    const [server, client] = [await connectBus(), await connectBus()];
    const rejection = new AppError('router.no_worker', { model: 'm' }, { retryAfterSeconds: 7, param: 'model' });
    server.bus.serve(service('math', { sum }), { sum: () => Promise.reject(rejection) });
    await server.bus.flush();
    await expect(client.bus.call(sum, { numbers: [] })).rejects.toMatchObject({
      code: 'router.no_worker',
      details: { model: 'm' },
      retryAfterSeconds: 7,
      param: 'model',
    });
  });

  it('returns `internal` when the handler throws an error that the contract does not list, and logs it', async () => {
    const { log, lines } = capturedLog();
    const [server, client] = [await connectBus({ log }), await connectBus()];
    const undeclared = new AppError('worker.busy', { secret: 'detail' });
    server.bus.serve(service('math', { sum }), { sum: () => Promise.reject(undeclared) });
    await server.bus.flush();
    const failure: unknown = await client.bus.call(sum, { numbers: [] }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'internal', details: {} });
    expect(lines()).toContainEqual(
      expect.objectContaining({
        level: 'error',
        msg: 'handler threw an undeclared error',
        operation: 'math.sum',
        code: 'worker.busy',
      }),
    );
  });

  it.each(['bus.timeout', 'service.draining'] as const)('transfers %s, which any operation may throw', async (code) => {
    const { log, text } = capturedLog();
    const [server, client] = [await connectBus({ log }), await connectBus()];
    const own = new AppError(code as 'bus.timeout', { subject: 'x' });
    server.bus.serve(service('math', { sum }), { sum: () => Promise.reject(own) });
    await server.bus.flush();
    expect(await codeOf(client.bus.call(sum, { numbers: [] }))).toBe(code);
    expect(text()).not.toContain('undeclared');
  });

  it('hides a defect of the handler from the caller, and logs it', async () => {
    const { log, text } = capturedLog();
    const [server, client] = [await connectBus({ log }), await connectBus()];
    server.bus.serve(service('math', { sum }), { sum: () => Promise.reject(new Error('the secret detail')) });
    await server.bus.flush();
    const error = await client.bus.call(sum, { numbers: [] }).catch((caught: unknown) => caught as AppError);
    expect(error).toMatchObject({ code: 'internal' });
    expect(JSON.stringify(error)).not.toContain('secret detail');
    expect(text()).toContain('the secret detail');
  });

  it('is logged at debug with its request id by the server', async () => {
    const { log, lines } = capturedLog();
    const [server, client] = [await connectBus({ log }), await connectBus()];
    server.bus.serve(math, handlers, { values: { who: 'a' } });
    await server.bus.flush();
    const sink = collector();
    await withLogContext({ requestId: 'req_1' }, async () => {
      await client.bus.call(sum, { numbers: [] });
      client.bus.open(count, { to: 1 }, sink, { values: { who: 'a' } });
      await sink.done;
    });
    await eventually('all is logged', () => lines().length === 3);
    expect(lines()).toMatchObject([
      { level: 'debug', msg: 'bus request completed', requestId: 'req_1', subject: 'math.v1.sum' },
      { level: 'debug', msg: 'bus stream opened', requestId: 'req_1', subject: 'math.v1.count.a' },
      { level: 'debug', msg: 'bus stream completed', requestId: 'req_1', subject: 'math.v1.count.a' },
    ]);
  });

  it('transfers request id, trace and deadline', async () => {
    const [server, client] = [await connectBus(), await connectBus()];
    const seen: unknown[] = [];
    server.bus.serve(service('math', { sum }), {
      sum: (_, context) => {
        seen.push(logContext(), context.deadlineMs);
        return { total: 0 };
      },
    });
    await server.bus.flush();
    const context = { requestId: 'req_1', traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` };
    await withLogContext(context, () => client.bus.call(sum, { numbers: [] }, { deadlineMs: 800 }));
    expect(seen).toEqual([context, 800]);
  });

  it('transfers the client request id, if any', async () => {
    const [server, client] = [await connectBus(), await connectBus()];
    const seen: unknown[] = [];
    const see = (): void => void seen.push(logContext()?.clientRequestId);
    server.bus.serve(service('math', { sum }), { sum: () => (see(), { total: 0 }) });
    await server.bus.flush();
    const clientRequestId = ' mine: {"a":1}, 100% ~';
    await withLogContext({ requestId: 'req_1', clientRequestId }, () => client.bus.call(sum, { numbers: [] }));
    await withLogContext({ requestId: 'req_1' }, () => client.bus.call(sum, { numbers: [] }));
    expect(seen).toEqual([clientRequestId.trim(), undefined]);
  });
});

describe('a request or response that is larger than a message', () => {
  const echo = request({
    subject: 'echo.v1.say',
    timeoutMs: 1_000,
    input: z.object({ text: z.string(), times: z.number() }),
    output: z.object({ text: z.string() }),
    errors: [],
  });

  it('is rejected with bus.too_large, and one at the limit is not', async () => {
    const { bus: server } = await connectBus();
    const { bus: client } = await connectBus();
    server.serve(service('echo', { echo }), { echo: ({ text, times }) => ({ text: text.repeat(times) }) });
    await server.flush();
    const text = 'x'.repeat(1_000_000);
    expect(await client.call(echo, { text, times: 1 })).toEqual({ text });
    const rejected = { code: 'bus.too_large', details: { subject: 'echo.v1.say' } };
    await expect(client.call(echo, { text: `${text}${text}`, times: 1 })).rejects.toMatchObject(rejected);
    await expect(client.call(echo, { text, times: 2 })).rejects.toMatchObject(rejected);
  });
});

describe('serving', () => {
  it('rejects a contract with an unhandled operation, and names it', async () => {
    const { bus } = await connectBus();
    expect(() => bus.serve(math, { sum: handlers.sum } as never, { values: { who: 'a' } })).toThrow(
      "No handler for math.count (math.v1.count.{who}): add a handler called 'count'",
    );
  });

  it('rejects serving a subject twice in one process', async () => {
    const { bus } = await connectBus();
    bus.serve(service('math', { sum }), { sum: handlers.sum });
    expect(() => bus.serve(service('math', { sum }), { sum: handlers.sum })).toThrow('served twice');
  });

  it('rejects a value that would match other subjects', async () => {
    const { bus } = await connectBus();
    for (const who of ['', 'a.b', '*', '>', 'a b'])
      expect(() => bus.serve(service('math', { count }), { count: handlers.count }, { values: { who } })).toThrow(
        'must be one token',
      );
  });
});

describe('a stream', () => {
  it('delivers head, data in order, and end', async () => {
    const [server, client] = [await connectBus(), await connectBus()];
    server.bus.serve(math, handlers, { values: { who: 'a' } });
    await server.bus.flush();
    const sink = collector();
    client.bus.open(count, { to: 500 }, sink, { values: { who: 'a' } });
    await expect(sink.done).resolves.toMatchObject({ counted: 500, cancelled: false });
    expect(sink.texts).toEqual(Array.from({ length: 500 }, (_, i) => `${i}`));
    expect(client.bus.openStreams).toBe(0);
    expect(server.bus.servedStreams).toBe(0);
  });

  it('fails at once without a responder', async () => {
    const { bus } = await connectBus();
    const sink = collector();
    bus.open(count, { to: 1 }, sink, { values: { who: 'unserved' } });
    expect(await codeOf(sink.done)).toBe('bus.no_responders');
  });

  it('ends early when the caller cancels, with its end frame', async () => {
    const [server, client] = [await connectBus(), await connectBus()];
    server.bus.serve(math, handlers, { values: { who: 'a' } });
    await server.bus.flush();
    const sink = collector();
    const opened = client.bus.open(count, { to: 1e9 }, sink, { values: { who: 'a' } });
    await eventually('data comes', () => sink.texts.length > 10);
    opened.cancel();
    const end = await sink.done;
    expect(end.cancelled).toBe(true);
    expect(end.counted).toBeGreaterThanOrEqual(sink.texts.length);
  });

  it('stops while paused, and resumes without loss', async () => {
    const [server, client] = [await connectBus(), await connectBus()];
    server.bus.serve(math, handlers, { values: { who: 'a' } });
    await server.bus.flush();
    const sink = collector();
    // Without an end of its own: how much is sent until it is paused depends on the machine.
    const opened = client.bus.open(count, { to: 1e9 }, sink, { values: { who: 'a' } });
    await eventually('data comes', () => sink.texts.length > 0);
    opened.pause();
    const settled = await eventually('the stream stands still', async () => {
      const before = sink.texts.length;
      await new Promise((resolve) => setTimeout(resolve, 100));
      return before === sink.texts.length ? before : undefined;
    });
    opened.resume();
    await eventually('data comes again', () => sink.texts.length > settled);
    opened.cancel();
    const { counted } = await sink.done;
    expect(sink.texts).toEqual(Array.from({ length: counted }, (_, i) => `${i}`));
  });

  it('transfers a request and payloads far larger than a NATS message', async () => {
    const [server, client] = [await connectBus(), await connectBus()];
    const large = 5_000_000;
    server.bus.serve(
      service('math', { count }),
      {
        count: ({ padding }, served) => {
          served.head({ from: 0 });
          served.data(Buffer.from(padding));
          return Promise.resolve({ counted: 1, cancelled: false, paddingLength: padding.length });
        },
      },
      { values: { who: 'a' } },
    );
    await server.bus.flush();
    const sink = collector();
    const padding = 'é€x'.repeat(large / 6);
    client.bus.open(count, { to: 1, padding }, sink, { values: { who: 'a' } });
    await expect(sink.done).resolves.toMatchObject({ paddingLength: padding.length });
    expect(sink.texts).toEqual([padding]);
  });

  it('ends with an error when its server is lost', async () => {
    const [server, client] = [await connectBus(), await connectBus({ liveness: { intervalMs: 50, silenceMs: 200 } })];
    server.bus.serve(math, { ...handlers, count: () => new Promise(() => undefined) }, { values: { who: 'a' } });
    await server.bus.flush();
    const sink = collector();
    client.bus.open(count, { to: 1 }, sink, { values: { who: 'a' } });
    await eventually('the server has it', () => server.bus.servedStreams === 1);
    // Like a killed process: nothing more is sent, and nothing is closed in an orderly way.
    await server.connection.nats.close();
    expect(await codeOf(sink.done)).toBe('bus.peer_lost');
  });

  it('is accepted in the message of its first frame, or soon without one', async () => {
    const [server, client] = [await connectBus(), await connectBus()];
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const end = { counted: 0, cancelled: false, paddingLength: 0 };
    server.bus.serve(
      service('math', { count }),
      { count: ({ to }) => (to === 0 ? Promise.resolve(end) : released.then(() => end)) },
      { values: { who: 'a' } },
    );
    await server.bus.flush();
    const messages: FrameKind[][] = [];
    client.connection.nats.subscribe(`${client.connection.inboxPrefix}.s`, {
      callback: (_error, { data }) => {
        const kinds: FrameKind[] = [];
        decodeFrames(data, ({ kind }) => kinds.push(kind));
        messages.push(kinds);
      },
    });
    const quick = collector();
    client.bus.open(count, { to: 0 }, quick, { values: { who: 'a' } });
    await quick.done;
    expect(messages).toEqual([[frameKind.accept, frameKind.end]]);

    const slow = collector();
    client.bus.open(count, { to: 1 }, slow, { values: { who: 'a' } });
    await eventually('it is accepted', () => messages.length === 2);
    expect(messages[1]).toEqual([frameKind.accept]);
    release();
    await slow.done;
    expect(messages[2]).toEqual([frameKind.end]);
  });

  it('stays open while its server sends no data', async () => {
    const liveness = { intervalMs: 50, silenceMs: 200 };
    const [server, client] = [await connectBus({ liveness }), await connectBus({ liveness })];
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    server.bus.serve(
      service('math', { count }),
      {
        count: async () => {
          await released;
          return { counted: 0, cancelled: false, paddingLength: 0 };
        },
      },
      { values: { who: 'a' } },
    );
    await server.bus.flush();
    const sink = collector();
    client.bus.open(count, { to: 1 }, sink, { values: { who: 'a' } });
    await new Promise((resolve) => setTimeout(resolve, 600));
    release();
    await expect(sink.done).resolves.toMatchObject({ counted: 0 });
  });

  it('is aborted at the server when its caller is lost', async () => {
    const [server, client] = [await connectBus({ liveness: { intervalMs: 50, silenceMs: 200 } }), await connectBus()];
    server.bus.serve(math, handlers, { values: { who: 'a' } });
    await server.bus.flush();
    client.bus.open(count, { to: 1e9 }, collector(), { values: { who: 'a' } });
    await eventually('the server has it', () => server.bus.servedStreams === 1);
    await client.connection.nats.close();
    await eventually('the server aborted it', () => server.bus.servedStreams === 0);
  });

  it('is aborted at the server when its deadline passes', async () => {
    const [server, client] = [await connectBus(), await connectBus()];
    server.bus.serve(math, handlers, { values: { who: 'a' } });
    await server.bus.flush();
    const sink = collector();
    client.bus.open(count, { to: 1e9 }, sink, { values: { who: 'a' }, deadlineMs: 100 });
    await expect(sink.done).resolves.toMatchObject({ cancelled: true });
  });

  it('goes to the addressed worker only', async () => {
    const hits: string[] = [];
    const address = service('math', { count });
    for (const who of ['a', 'b']) {
      const { bus } = await connectBus();
      bus.serve(
        address,
        { count: () => (hits.push(who), Promise.resolve({ counted: 0, cancelled: false, paddingLength: 0 })) },
        { values: { who }, queue: null },
      );
      await bus.flush();
    }
    const { bus } = await connectBus();
    const sink = collector();
    bus.open(count, { to: 0 }, sink, { values: { who: 'b' } });
    await sink.done;
    expect(hits).toEqual(['b']);
  });
});

describe('a stream whose handler throws', () => {
  async function endOf(thrown: unknown): Promise<{ code: string; log: string }> {
    const { log, text } = capturedLog();
    const [server, client] = [await connectBus({ log }), await connectBus()];
    server.bus.serve(
      service('math', { count }),
      { count: () => Promise.reject(thrown as Error) },
      { values: { who: 'a' } },
    );
    await server.bus.flush();
    const sink = collector();
    client.bus.open(count, { to: 1 }, sink, { values: { who: 'a' } });
    return { code: await codeOf(sink.done), log: text() };
  }

  it.each([
    ['ends with an error that the contract lists', new AppError('worker.busy'), 'worker.busy', ''],
    [
      'ends with `internal` for an error that it does not list',
      new AppError('worker.draining'),
      'internal',
      'undeclared',
    ],
    ['ends with the reason of its aborted signal', new AppError('inference.cancelled'), 'inference.cancelled', ''],
    ['ends with `internal` for a defect', new TypeError('x'), 'internal', 'bus handler failed'],
  ])('%s', async (_, thrown, code, logged) => {
    const ending = await endOf(thrown);
    expect(ending.code).toBe(code);
    if (logged === '') expect(ending.log).not.toContain('"level":"error"');
    else expect(ending.log).toContain(logged);
  });
});

describe('an event', () => {
  it('is received by every subscriber', async () => {
    const received: number[] = [];
    for (let i = 0; i < 3; i += 1) {
      const { bus } = await connectBus();
      bus.subscribe(ticked, ({ at }) => received.push(at));
      await bus.flush();
    }
    const { bus } = await connectBus();
    bus.publish(ticked, { at: 5 }, { values: { who: 'x' } });
    await eventually('all received it', () => received.length === 3);
    expect(received).toEqual([5, 5, 5]);
  });

  it('that does not match its contract is dropped and logged', async () => {
    const { log, text } = capturedLog();
    const [subscriber, publisher] = [await connectBus({ log }), await connectBus()];
    const received: unknown[] = [];
    subscriber.bus.subscribe(accessChanged, (data) => received.push(data));
    await subscriber.bus.flush();
    publisher.bus.publish(accessChanged, { nonsense: true } as never);
    publisher.bus.publish(accessChanged, { projectId: 'proj_1' });
    await eventually('the second is received', () => received.length === 1);
    expect(received).toEqual([{ projectId: 'proj_1' }]);
    expect(text()).toContain('event handler failed');
  });
});

describe('the connection', () => {
  it('reconnects after NATS was killed, for requests and streams', async () => {
    const [server, client] = [await connectBus(), await connectBus()];
    server.bus.serve(math, handlers, { values: { who: 'a' } });
    await server.bus.flush();
    expect(client.bus.connected).toBe(true);
    await servers.nats.kill('SIGKILL');
    await eventually('the bus reports it', () => !client.bus.connected);
    expect(await codeOf(client.bus.call(sum, { numbers: [1] }, { deadlineMs: 200 }))).toMatch(/^bus\./);
    expect(await client.bus.connectedWithin(50)).toBe(false);
    const back = client.bus.connectedWithin(20_000);
    await servers.nats.restart();
    expect(await back).toBe(true);
    expect(await client.bus.connectedWithin(0)).toBe(true);
    await eventually('requests work again', async () => (await client.bus.call(sum, { numbers: [4] })).total === 4);
    expect(client.bus.connected).toBe(true);
    const sink = collector();
    client.bus.open(count, { to: 3 }, sink, { values: { who: 'a' } });
    await expect(sink.done).resolves.toMatchObject({ counted: 3 });
  });
});
