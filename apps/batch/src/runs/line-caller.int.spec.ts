/** The calls of lines, on a real NATS. */
import { batchLinesContract } from '@xerotier/contracts/gateway';
import { testBuses } from '@xerotier/nats/testing';
import { testServers } from '@xerotier/testing';
import type { Batch } from '../batches/batch.entity.ts';
import { LineCaller, ResponseTooLargeError } from './line-caller.ts';
import type { LineResponse } from './line-caller.ts';

const servers = testServers('nats');
const connectBus = testBuses(() => servers.nats.url);

const batch = { projectId: 'proj_1', keyId: 'key_1' } as Batch;
const never = new AbortController().signal;
const { respond } = batchLinesContract.operations;

interface Gateway {
  /** What it has received. */
  readonly inputs: {
    readonly projectId: string;
    readonly keyId: string;
    readonly path: string;
    readonly body: string;
  }[];
  /** Messages on its subject. */
  readonly messages: () => number;
}

/** Responds with the text of the line, repeated. */
async function gateway(times = 1): Promise<Gateway> {
  const { bus, connection } = await connectBus();
  const inputs: Gateway['inputs'] = [];
  let messages = 0;
  connection.nats.subscribe(respond.subject, { callback: () => void (messages += 1) });
  bus.serve(batchLinesContract, {
    respond: (input, stream) => {
      inputs.push(input);
      stream.head({ status: 200, requestId: `req_${inputs.length}` });
      for (let i = 0; i < times; i += 1) stream.data(Buffer.from(input.body));
      return Promise.resolve({ waitedMs: 3 });
    },
    findUnknownModels: () => ({ unknown: [] }),
  });
  await bus.flush();
  return { inputs, messages: () => messages };
}

async function caller(): Promise<(texts: readonly string[], of?: Batch) => Promise<LineResponse>[]> {
  const { bus } = await connectBus();
  const sut = new LineCaller(bus);
  return (texts, of = batch) =>
    texts.map((text) => sut.call(of, { url: '/v1/chat/completions', body: { text } }, never));
}

it('sends the short lines of a turn as one message, and gives each its response', async () => {
  const { inputs, messages } = await gateway();
  const call = await caller();
  const texts = ['a "quoted" text', 'two\r\nlines', 'Grüße \u{1f600}'];
  const responses = await Promise.all(call(texts));
  expect(responses.map(({ body }) => JSON.parse(body.toString()) as unknown)).toEqual(texts.map((text) => ({ text })));
  expect(responses.map(({ status, waitedMs }) => [status, waitedMs])).toEqual(texts.map(() => [200, 3]));
  expect(inputs).toEqual(
    texts.map((text) => ({
      ...{ projectId: 'proj_1', keyId: 'key_1', path: '/v1/chat/completions', body: JSON.stringify({ text }) },
    })),
  );
  expect(messages()).toBe(1);
});

it('sends lines of several batches in messages of their own', async () => {
  const { inputs, messages } = await gateway();
  const call = await caller();
  await Promise.all([...call(['a', 'b']), ...call(['c', 'd'], { ...batch, projectId: 'proj_2' })]);
  expect(inputs.map(({ projectId }) => projectId)).toEqual(['proj_1', 'proj_1', 'proj_2', 'proj_2']);
  expect(messages()).toBe(2);
});

it('sends a long line alone, and as many as fill a message together, whatever is escaped in them', async () => {
  const { messages } = await gateway();
  const call = await caller();
  const long = 'x'.repeat(9_000);
  // Each of these characters takes four bytes in a line, and eight in the message.
  const escaped = '"\\'.repeat(2_000);
  const texts = [long, long, ...Array.from({ length: 32 }, () => escaped)];
  const responses = await Promise.all(call(texts));
  expect(responses.map(({ body }) => JSON.parse(body.toString()) as unknown)).toEqual(texts.map((text) => ({ text })));
  expect(messages()).toBe(3);
});

it('rejects a response that is too large', async () => {
  await gateway(40);
  const call = await caller();
  await expect(call(['x'.repeat(1_000_000)])[0]).rejects.toBeInstanceOf(ResponseTooLargeError);
});

it('rejects each line when there is no gateway', async () => {
  const call = await caller();
  const settled = await Promise.allSettled(call(['a', 'b']));
  for (const one of settled) expect(one).toMatchObject({ status: 'rejected', reason: { code: 'bus.no_responders' } });
});

it('cancels one of several lines that were sent together', async () => {
  const { bus } = await connectBus();
  const aborted: string[] = [];
  const cancelling = new AbortController();
  const { promise: cancelledThere, resolve } = Promise.withResolvers<void>();
  bus.serve(batchLinesContract, {
    respond: async ({ body }, stream) => {
      stream.head({ status: 200, requestId: 'req_1' });
      if (body.includes('stays')) {
        await cancelledThere;
        return {};
      }
      cancelling.abort();
      await new Promise((abort) => stream.signal.addEventListener('abort', abort));
      aborted.push(body);
      resolve();
      return {};
    },
    findUnknownModels: () => ({ unknown: [] }),
  });
  await bus.flush();
  const sut = new LineCaller((await connectBus()).bus);
  const line = (text: string): Parameters<LineCaller['call']>[1] => ({ url: '/v1/chat/completions', body: { text } });
  const cancelled = sut.call(batch, line('goes'), cancelling.signal);
  const other = sut.call(batch, line('stays'), never);
  await expect(cancelled).rejects.toThrow();
  await expect(other).resolves.toMatchObject({ status: 200 });
  expect(aborted).toEqual(['{"text":"goes"}']);
});
