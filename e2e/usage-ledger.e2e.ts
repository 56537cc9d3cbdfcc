/** Every request is in the ledger once, with exactly what its client was told, whatever became of it. */
import { scriptedPlatform } from '@xerotier/dev';
import { eventually } from '@xerotier/testing';
import { scripted } from './support/api-client.ts';
import type { EventStream, Usage } from './support/event-stream.ts';
import { Ledger } from './support/ledger.ts';
import type { LedgerRow } from './support/ledger.ts';
import { ownPlatform } from './support/test-platform.ts';

/** What a killed consumer had taken and not confirmed comes again after so long; the tests in between use the time. */
const REDELIVERED_AFTER_MS = 30_000;

const test = ownPlatform(() => scriptedPlatform({ workers: 2, slots: 4 }));

const ledger = (): Ledger => new Ledger(test.description.databaseUrl);

/** What the ledger has to say about a request whose client was told this usage. */
const rowOf = (requestId: string, usage: Usage | undefined, streamed: boolean): LedgerRow => ({
  request_id: requestId,
  outcome: 'completed',
  streamed,
  prompt_tokens: usage?.prompt_tokens ?? -1,
  cached_tokens: usage?.prompt_tokens_details.cached_tokens ?? -1,
  completion_tokens: usage?.completion_tokens ?? -1,
});

/** How many tokens have reached the client: with the scripted engine each is a chunk of its own. */
const tokensOf = (stream: EventStream): number =>
  stream.chunks.flatMap(({ choices }) => choices).filter(({ delta }) => (delta.content ?? '') !== '').length;

/** Sends requests of both kinds and returns the rows that they have to leave. */
async function someRequests(count: number): Promise<LedgerRow[]> {
  return Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const body = scripted({ tokens: i, promptTokens: 10 + i, cachedTokens: i % 5 }, i % 3 === 0 ? { n: 2 } : {});
      if (i % 2 === 0) {
        const { requestId, body: response } = await test.api.chat(body);
        return rowOf(requestId, response.usage, false);
      }
      const stream = await test.api.stream({ ...body, stream_options: { include_usage: true } });
      expect(await stream.ended).toBe('done');
      return rowOf(stream.requestId, stream.usage, true);
    }),
  );
}

const idsOf = (rows: readonly LedgerRow[]): string[] => rows.map((row) => row.request_id);

async function expectInLedger(rows: readonly LedgerRow[], timeoutMs?: number): Promise<void> {
  expect(await ledger().settled(idsOf(rows), timeoutMs)).toEqual(rows);
}

describe('the usage ledger', () => {
  it('has one row for every request, with the usage that its client was told', async () => {
    await expectInLedger(await someRequests(60));
  });

  it('counts a stream whose client did not ask for the usage all the same', async () => {
    const stream = await test.api.stream(scripted({ tokens: 7, promptTokens: 3 }));
    await stream.ended;
    const [row] = await ledger().settled([stream.requestId]);
    expect(row).toMatchObject({ prompt_tokens: 3, completion_tokens: 7, outcome: 'completed', streamed: true });
  });

  it('counts of a request that was aborted what was generated until then', async () => {
    const stream = await test.api.stream(scripted({ tokens: 8_000, delayMs: 20, promptTokens: 12 }));
    await stream.textChunks(6);
    stream.abort();
    await stream.ended;
    const received = tokensOf(stream);
    const { usage } = await test.fleet.usageOf(stream.requestId);
    const [row] = await ledger().settled([stream.requestId]);
    expect(row).toMatchObject({ outcome: 'cancelled', prompt_tokens: 12, completion_tokens: usage.completionTokens });
    expect(usage.completionTokens).toBeGreaterThanOrEqual(received);
    expect(usage.completionTokens).toBeLessThan(received + 100);
  });

  it('counts all choices of a request that was aborted', async () => {
    const stream = await test.api.stream(scripted({ tokens: 8_000, delayMs: 20, promptTokens: 12 }, { n: 3 }));
    await eventually('all choices speak', () => [0, 1, 2].every((index) => stream.text(index) !== ''));
    stream.abort();
    await stream.ended;
    const [row] = await ledger().settled([stream.requestId]);
    expect(row).toMatchObject({ outcome: 'cancelled', prompt_tokens: 12 });
    expect(row?.completion_tokens).toBeGreaterThanOrEqual(tokensOf(stream));
  });

  it('has a row for a request that the engine has failed, with what had been generated', async () => {
    const stream = await test.api.stream(scripted({ tokens: 9, failAfter: 4, promptTokens: 5 }));
    expect(await stream.ended).toBe('error');
    const rejected = await test.api.rejected(scripted({ failAfter: 0 }));
    const rows = await ledger().settled([stream.requestId, rejected.requestId]);
    expect(rows).toMatchObject([
      { outcome: 'failed', completion_tokens: 4, prompt_tokens: 5 },
      { outcome: 'failed', completion_tokens: 0 },
    ]);
  });

  it('has no row for a request that was refused before it reached anybody', async () => {
    const wrongKey = await test.api.rejected(scripted({}), { key: null });
    const wrongBody = await test.api.rejected(scripted({}, { n: 0 }));
    await expectInLedger(await someRequests(2));
    expect(await ledger().rows([wrongKey.requestId, wrongBody.requestId])).toEqual([]);
  });
});

describe('when something dies', () => {
  const interrupted: LedgerRow[] = [];

  it('is served all the same when the auth service is killed while it writes', async () => {
    for (let round = 0; round < 3; round += 1) {
      interrupted.push(...(await someRequests(20)));
      await test.platform.service('auth').kill('SIGKILL');
      await test.platform.service('auth').start();
    }
  });

  it('counts of a stream whose worker was killed what its client has got', async () => {
    const stream = await test.api.stream(scripted({ tokens: 8_000, delayMs: 20, promptTokens: 9 }));
    await stream.textChunks(6);
    const workerId = stream.headers.get('x-xerotier-worker-id');
    const worker = test.platform.services.find(({ facts }) => facts['workerId'] === workerId);
    await worker?.kill('SIGKILL');
    expect(await stream.ended).toBe('error');
    await worker?.start();
    const [row] = await ledger().settled([stream.requestId]);
    expect(row).toMatchObject({ outcome: 'failed', completion_tokens: tokensOf(stream) });
  });

  it('counts the choices of a killed worker together with those of the living one', async () => {
    const stream = await test.api.stream(scripted({ tokens: 8_000, delayMs: 20, promptTokens: 9 }, { n: 4 }));
    await eventually('all choices speak', () => [0, 1, 2, 3].every((index) => stream.text(index).length > 30));
    await eventually(
      'both workers are busy',
      () => test.fleet.workers.filter(({ active }) => active.length > 0).length === 2,
    );
    await test.platform.service('xim').kill('SIGKILL');
    expect(await stream.ended).toBe('error');
    await test.platform.service('xim').start();
    const [row] = await ledger().settled([stream.requestId]);
    expect(row?.completion_tokens).toBeGreaterThanOrEqual(tokensOf(stream));
  });

  it('loses nothing while the auth service is away', async () => {
    await test.api.chat(scripted({ tokens: 1 }));
    await test.platform.service('auth').kill('SIGKILL');
    const rows = await someRequests(12);
    await test.platform.service('auth').start();
    await expectInLedger(rows);
  });

  it('loses nothing while PostgreSQL is away', async () => {
    await test.api.chat(scripted({ tokens: 1 }));
    await test.platform.servers.started.postgres?.kill('SIGKILL');
    const rows = await someRequests(12);
    await test.platform.servers.started.postgres?.restart();
    await expectInLedger(rows);
  });

  it('loses nothing of what was answered just before NATS was killed', async () => {
    const rows = await someRequests(12);
    await test.platform.servers.started.nats?.kill('SIGKILL');
    await test.platform.servers.started.nats?.restart();
    await expectInLedger(rows);
  });

  it('counts all of it, and nothing twice, when the auth service is killed while it writes', async () => {
    await expectInLedger(interrupted, REDELIVERED_AFTER_MS + 10_000);
  });
});
