/** Every request is in the ledger once, with exactly the usage that its client received, even if services are killed. */
import { scriptedPlatform } from '@xerotier/dev';
import { eventually } from '@xerotier/testing';
import { scripted } from './support/api-client.ts';
import type { EventStream, Usage } from './support/event-stream.ts';
import { Ledger } from './support/ledger.ts';
import type { LedgerRow } from './support/ledger.ts';
import { dedicatedPlatform } from './support/test-platform.ts';

/** Unacknowledged messages of a killed consumer are redelivered after this time; the tests in between use it. */
const REDELIVERED_AFTER_MS = 30_000;

const test = dedicatedPlatform(() => scriptedPlatform({ workers: 2, slots: 4 }));

const ledger = (): Ledger => new Ledger(test.description.databaseUrl);

/** Returns the expected row of a request whose client received this usage. */
const expectedRow = (requestId: string, usage: Usage | undefined, streamed: boolean): LedgerRow => ({
  request_id: requestId,
  outcome: 'completed',
  streamed,
  prompt_tokens: usage?.prompt_tokens ?? -1,
  cached_tokens: usage?.prompt_tokens_details.cached_tokens ?? -1,
  completion_tokens: usage?.completion_tokens ?? -1,
});

/** Returns the number of tokens that the client received: the scripted engine sends one chunk per token. */
const receivedTokens = (stream: EventStream): number =>
  stream.chunks.flatMap(({ choices }) => choices).filter(({ delta }) => (delta.content ?? '') !== '').length;

/** Sends requests with and without stream and returns their expected rows. */
async function sendRequests(count: number): Promise<LedgerRow[]> {
  return Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const body = scripted({ tokens: i, promptTokens: 10 + i, cachedTokens: i % 5 }, i % 3 === 0 ? { n: 2 } : {});
      if (i % 2 === 0) {
        const { requestId, body: response } = await test.api.chat(body);
        return expectedRow(requestId, response.usage, false);
      }
      const stream = await test.api.stream({ ...body, stream_options: { include_usage: true } });
      expect(await stream.ended).toBe('done');
      return expectedRow(stream.requestId, stream.usage, true);
    }),
  );
}

const idsOf = (rows: readonly LedgerRow[]): string[] => rows.map((row) => row.request_id);

async function expectInLedger(rows: readonly LedgerRow[], timeoutMs?: number): Promise<void> {
  expect(await ledger().settled(idsOf(rows), timeoutMs)).toEqual(rows);
}

describe('usage ledger', () => {
  it('has one row per request, with the usage that its client received', async () => {
    await expectInLedger(await sendRequests(60));
  });

  it('records a stream without include_usage', async () => {
    const stream = await test.api.stream(scripted({ tokens: 7, promptTokens: 3 }));
    await stream.ended;
    const [row] = await ledger().settled([stream.requestId]);
    expect(row).toMatchObject({ prompt_tokens: 3, completion_tokens: 7, outcome: 'completed', streamed: true });
  });

  it('records the generated tokens of an aborted request', async () => {
    const stream = await test.api.stream(scripted({ tokens: 8_000, delayMs: 20, promptTokens: 12 }));
    await stream.textChunks(6);
    stream.abort();
    await stream.ended;
    const received = receivedTokens(stream);
    const { usage } = await test.fleet.usageOf(stream.requestId);
    const [row] = await ledger().settled([stream.requestId]);
    expect(row).toMatchObject({ outcome: 'cancelled', prompt_tokens: 12, completion_tokens: usage.completionTokens });
    expect(usage.completionTokens).toBeGreaterThanOrEqual(received);
    expect(usage.completionTokens).toBeLessThan(received + 100);
  });

  it('records all choices of an aborted request', async () => {
    const stream = await test.api.stream(scripted({ tokens: 8_000, delayMs: 20, promptTokens: 12 }, { n: 3 }));
    await eventually('all choices have text', () => [0, 1, 2].every((index) => stream.text(index) !== ''));
    stream.abort();
    await stream.ended;
    const [row] = await ledger().settled([stream.requestId]);
    expect(row).toMatchObject({ outcome: 'cancelled', prompt_tokens: 12 });
    expect(row?.completion_tokens).toBeGreaterThanOrEqual(receivedTokens(stream));
  });

  it('records the generated tokens of a request whose engine failed', async () => {
    const stream = await test.api.stream(scripted({ tokens: 9, failAfter: 4, promptTokens: 5 }));
    expect(await stream.ended).toBe('error');
    const rejected = await test.api.rejected(scripted({ failAfter: 0 }));
    const rows = await ledger().settled([stream.requestId, rejected.requestId]);
    expect(rows).toMatchObject([
      { outcome: 'failed', completion_tokens: 4, prompt_tokens: 5 },
      { outcome: 'failed', completion_tokens: 0 },
    ]);
  });

  it('has no row for a request that was rejected', async () => {
    const wrongKey = await test.api.rejected(scripted({}), { key: null });
    const wrongBody = await test.api.rejected(scripted({}, { n: 0 }));
    await expectInLedger(await sendRequests(2));
    expect(await ledger().rows([wrongKey.requestId, wrongBody.requestId])).toEqual([]);
  });
});

describe('when services are killed', () => {
  const interrupted: LedgerRow[] = [];

  it('requests succeed while the auth service is killed during its writes', async () => {
    for (let round = 0; round < 3; round += 1) {
      interrupted.push(...(await sendRequests(20)));
      await test.platform.service('auth').kill('SIGKILL');
      await test.platform.service('auth').start();
    }
  });

  it('records the received tokens of a stream whose worker was killed', async () => {
    const stream = await test.api.stream(scripted({ tokens: 8_000, delayMs: 20, promptTokens: 9 }));
    await stream.textChunks(6);
    const workerId = stream.headers.get('x-xerotier-worker-id');
    const worker = test.platform.services.find(({ facts }) => facts['workerId'] === workerId);
    await worker?.kill('SIGKILL');
    expect(await stream.ended).toBe('error');
    await worker?.start();
    const [row] = await ledger().settled([stream.requestId]);
    expect(row).toMatchObject({ outcome: 'failed', completion_tokens: receivedTokens(stream) });
  });

  it('records the choices of a killed worker together with those of another one', async () => {
    const stream = await test.api.stream(scripted({ tokens: 8_000, delayMs: 20, promptTokens: 9 }, { n: 4 }));
    await eventually('all choices have text', () => [0, 1, 2, 3].every((index) => stream.text(index).length > 30));
    await eventually(
      'both workers are busy',
      () => test.fleet.workers.filter(({ active }) => active.length > 0).length === 2,
    );
    await test.platform.service('xim').kill('SIGKILL');
    expect(await stream.ended).toBe('error');
    await test.platform.service('xim').start();
    const [row] = await ledger().settled([stream.requestId]);
    expect(row?.completion_tokens).toBeGreaterThanOrEqual(receivedTokens(stream));
  });

  it('loses no rows while the auth service is down', async () => {
    await test.api.chat(scripted({ tokens: 1 }));
    await test.platform.service('auth').kill('SIGKILL');
    const rows = await sendRequests(12);
    await test.platform.service('auth').start();
    await expectInLedger(rows);
  });

  it('loses no rows while PostgreSQL is down', async () => {
    await test.api.chat(scripted({ tokens: 1 }));
    await test.platform.servers.started.postgres?.kill('SIGKILL');
    const rows = await sendRequests(12);
    await test.platform.servers.started.postgres?.restart();
    await expectInLedger(rows);
  });

  it('loses no rows of requests that completed just before NATS was killed', async () => {
    const rows = await sendRequests(12);
    await test.platform.servers.started.nats?.kill('SIGKILL');
    await test.platform.servers.started.nats?.restart();
    await expectInLedger(rows);
  });

  it('records each request exactly once when the auth service was killed during its writes', async () => {
    await expectInLedger(interrupted, REDELIVERED_AFTER_MS + 10_000);
  });
});
