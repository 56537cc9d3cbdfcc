/** Spans over a real NATS: both sides of a call in one trace, and consumers linked to producers. */
import { event, request, service, stream } from '@xerotier/contracts/define';
import { AppError } from '@xerotier/errors';
import { logContext, withLogContext } from '@xerotier/log';
import { silentLog } from '@xerotier/log/testing';
import { SpanKind } from '@xerotier/telemetry';
import { recordedSpans } from '@xerotier/telemetry/testing';
import type { ReadableSpan } from '@xerotier/telemetry/testing';
import { eventually, testServers } from '@xerotier/testing';
import { z } from 'zod';
import { DurablePublisher } from './durable-publisher.ts';
import { consumeEvents } from './event-consumer.ts';
import { SharedInput } from './shared-input.ts';
import { testBuses } from './testing.ts';

const servers = testServers('nats');
const newBus = testBuses(() => servers.nats.url);
const spans = recordedSpans();

const CLIENT_SPAN = 'b7ad6b7169203331';
const TRACE = '0af7651916cd43dd8448eb211c80319c';
const incoming = { requestId: 'req_1', traceparent: `00-${TRACE}-${CLIENT_SPAN}-01`, tracestate: 'vendor=1' };

const things = service('things', {
  look: request({
    subject: 'things.v1.look',
    timeoutMs: 2_000,
    input: z.object({ fail: z.boolean().default(false) }),
    output: z.object({ traceparent: z.string(), tracestate: z.string() }),
    errors: ['auth.invalid_key'],
  }),
  count: stream({
    subject: 'things.v1.count',
    input: z.object({ index: z.number() }),
    head: z.object({}),
    end: z.object({}),
    errors: [],
  }),
});

const happened = event({ subject: 'things.v1.happened', stream: 'THINGS', data: z.object({ n: z.number() }) });

/** One caller and one server, each on a connection of its own. */
async function served(): Promise<Awaited<ReturnType<typeof newBus>>> {
  const server = await newBus();
  server.bus.serve(things, {
    look: ({ fail }) => {
      if (fail) throw new AppError('auth.invalid_key');
      const { traceparent = '', tracestate = '' } = logContext() ?? {};
      return { traceparent, tracestate };
    },
    count: async (_input, output) => {
      output.head({});
      return {};
    },
  });
  await server.bus.flush();
  return newBus();
}

const sides = (name: string): { client: ReadableSpan; server: ReadableSpan } => {
  const of = (kind: SpanKind): ReadableSpan => {
    const found = spans.ended().find((span) => span.name === name && span.kind === kind);
    if (found === undefined) throw new Error(`no ${SpanKind[kind]} span ${name}`);
    return found;
  };
  return { client: of(SpanKind.CLIENT), server: of(SpanKind.SERVER) };
};

describe('a call', () => {
  it('has a client and a server span in the trace of the caller', async () => {
    const { bus } = await served();
    const seen = await withLogContext(incoming, () => bus.call(things.operations.look, {}));
    await eventually('both have ended', () => spans.ended().length === 2);
    const { client, server } = sides('things.look');
    expect(client.parentSpanContext?.spanId).toBe(CLIENT_SPAN);
    expect(server.parentSpanContext?.spanId).toBe(client.spanContext().spanId);
    expect(server.parentSpanContext?.isRemote).toBe(true);
    expect(new Set([client, server].map((span) => span.spanContext().traceId))).toEqual(new Set([TRACE]));
    expect(client.attributes).toEqual({ 'rpc.system': 'nats', 'rpc.service': 'things', 'rpc.method': 'look' });
    expect(seen).toEqual({ traceparent: `00-${TRACE}-${server.spanContext().spanId}-01`, tracestate: 'vendor=1' });
  });

  it('that is rejected has the code on both sides, and an error status on the client side only', async () => {
    const { bus } = await served();
    await expect(bus.call(things.operations.look, { fail: true })).rejects.toMatchObject({ code: 'auth.invalid_key' });
    await eventually('both have ended', () => spans.ended().length === 2);
    const { client, server } = sides('things.look');
    expect([client, server].map((span) => span.attributes['error.type'])).toEqual([
      'auth.invalid_key',
      'auth.invalid_key',
    ]);
    expect([client, server].map((span) => span.status.code)).toEqual([2, 0]);
  });

  it('without a responder has the code of the transport', async () => {
    const { bus } = await newBus();
    await expect(bus.call(things.operations.look, {})).rejects.toMatchObject({ code: 'bus.no_responders' });
    expect(spans.named('things.look').attributes['error.type']).toBe('bus.no_responders');
  });
});

describe('streams', () => {
  it('that share a message keep their own traces', async () => {
    const { bus } = await served();
    const shared = new SharedInput({});
    const parents = ['1', '2', '3'].map((digit) => digit.repeat(16));
    await Promise.all(
      parents.map(
        (parent, index) =>
          new Promise<void>((resolve, reject) => {
            const sink = { head: () => undefined, data: () => undefined, end: () => resolve(), error: reject };
            withLogContext({ traceparent: `00-${TRACE}-${parent}-01` }, () =>
              bus.openShared(things.operations.count, shared, { index }, sink, {}),
            );
          }),
      ),
    );
    await eventually('all have ended', () => spans.ended().length === 3);
    expect(
      spans
        .ended()
        .map((span) => span.parentSpanContext?.spanId)
        .toSorted(),
    ).toEqual(parents);
  });
});

describe('a durable event', () => {
  it('is linked from the span of its consumer, which starts a new trace', async () => {
    const { connection } = await newBus();
    const contexts: unknown[] = [];
    const consuming = await consumeEvents(
      connection,
      happened,
      async (events) => void contexts.push(...events.map(() => logContext()?.traceparent)),
      { durable: 'spans', log: silentLog() },
    );
    const publisher = new DurablePublisher(connection, happened, silentLog());
    withLogContext(incoming, () => publisher.publish({ n: 1 }));
    withLogContext({ traceparent: `00-${'c'.repeat(32)}-${'d'.repeat(16)}-01` }, () => publisher.publish({ n: 2 }));
    expect(await publisher.close(5_000)).toBe(0);
    await eventually('both are handled', () => contexts.length === 2);
    await consuming.stop();

    const sent = spans.named('send things.v1.happened');
    expect(sent.kind).toBe(SpanKind.PRODUCER);
    expect(sent.parentSpanContext?.spanId).toBe(CLIENT_SPAN);
    expect(sent.links.map(({ context }) => context.spanId)).toEqual(['d'.repeat(16)]);
    const processed = spans.named('process things.v1.happened');
    expect(processed.kind).toBe(SpanKind.CONSUMER);
    expect(processed.parentSpanContext).toBeUndefined();
    expect(processed.links.map(({ context }) => context.spanId)).toEqual([sent.spanContext().spanId]);
    expect(contexts[0]).toContain(processed.spanContext().traceId);
  });

  it('continues the first trace of its batch that is sampled', async () => {
    const { connection } = await newBus();
    const publisher = new DurablePublisher(connection, happened, silentLog());
    const unsampled = { traceparent: `00-${'c'.repeat(32)}-${'d'.repeat(16)}-00` };
    withLogContext(unsampled, () => publisher.publish({ n: 1 }));
    withLogContext(incoming, () => publisher.publish({ n: 2 }));
    expect(await publisher.close(5_000)).toBe(0);
    const sent = spans.named('send things.v1.happened');
    expect(sent.parentSpanContext?.spanId).toBe(CLIENT_SPAN);
    expect(sent.links.map(({ context }) => context.spanId)).toEqual(['d'.repeat(16)]);
  });
});
