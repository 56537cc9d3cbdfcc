import { newDataKey, open } from '@xerotier/sealing';
import { testServers } from '@xerotier/testing';
import { testBatches } from '../../test/test-batches.ts';
import type { Batch } from '../batches/batch.entity.ts';
import { Allowances } from './allowances.ts';
import { resultContext, ResultsWriter } from './results-writer.ts';
import type { LineResult } from './results-writer.ts';

const servers = testServers('postgres');
const test = testBatches(() => servers.postgres.url);
const dataKey = newDataKey();

const aResult = (index: number, isSuccess = true): LineResult => ({
  ...{ chunk: 0, index, isSuccess, text: `line ${index}\n`, usage: undefined },
});

const writerOf = (batch: Batch): ResultsWriter => new ResultsWriter(batch, test.batches, dataKey);

async function stateOf({ id }: Batch): Promise<unknown> {
  const [row] = await test.database.query<object[]>(
    `SELECT lines_completed AS completed, lines_failed AS failed,
       (SELECT encode(done, 'hex') FROM batch.batch_chunk WHERE batch_id = $1) AS done,
       (SELECT done_lines FROM batch.batch_chunk WHERE batch_id = $1) AS lines,
       (SELECT count(*)::int FROM batch.batch_result WHERE batch_id = $1) AS results
     FROM batch.batch WHERE id = $1`,
    [id],
  );
  return row;
}

describe('results of lines', () => {
  it('are kept with their bits and counts, output and errors apart', async () => {
    const batch = await test.aBatch();
    await writerOf(batch).keep([aResult(9), aResult(0), aResult(3, false)]);
    await writerOf(batch).keep([aResult(1)]);
    expect(await stateOf(batch)).toEqual({ completed: 3, failed: 1, done: '0b02', lines: 4, results: 3 });
    const texts: string[] = [];
    for (const [kind, position] of [
      ['output', 0],
      ['output', 1],
      ['error', 0],
    ] as const) {
      const result = await test.batches.result(test.projectId, batch.id, kind, position);
      texts.push(open(dataKey, result?.content ?? Buffer.alloc(0), resultContext(batch, kind, position)).toString());
    }
    expect(texts).toEqual(['line 9\nline 0\n', 'line 1\n', 'line 3\n']);
    expect(await test.batches.result(test.projectId, batch.id, 'output', 2)).toBeNull();
  });

  it('are samples of its rate', async () => {
    const batch = await test.aBatch();
    await writerOf(batch).keep([aResult(0), aResult(1, false)]);
    const find = (): Promise<Batch | null> =>
      test.batches.transaction(test.projectId, (manager) => test.batches.find(manager, test.projectId, batch.id));
    const samples = (await find())?.samples;
    expect(samples).toEqual([
      { at: expect.any(Number), lines: 2 },
      { at: expect.any(Number), lines: 2 },
    ]);
    await writerOf(batch).keep([aResult(3)]);
    expect((await find())?.samples).toEqual(samples);
  });

  it('of a process that has lost the batch are not kept', async () => {
    const stale = await test.aBatch();
    const current = await test.claimed(stale.id);
    await writerOf(current).keep([aResult(0)]);
    const before = await stateOf(stale);
    await expect(writerOf(stale).keep([aResult(1)])).rejects.toMatchObject({ code: 'batch.stale_lease' });
    expect(await stateOf(stale)).toEqual(before);
  });

  it('of a line that is done are not kept, nor those beside them', async () => {
    const batch = await test.aBatch();
    await writerOf(batch).keep([aResult(2)]);
    const before = await stateOf(batch);
    await expect(writerOf(batch).keep([aResult(1), aResult(2)])).rejects.toThrow('done already');
    expect(await stateOf(batch)).toEqual(before);
  });
});

describe('a batch', () => {
  it('belongs to one process at a time', async () => {
    const { id, fence } = await test.aBatch();
    const claims = await Promise.all([1, 2, 3].map(() => test.batches.claim(test.projectId, id, 10_000)));
    expect(claims).toEqual([undefined, undefined, undefined]);
    await test.database.query(`UPDATE batch.batch SET lease_until = now() - interval '1 second' WHERE id = $1`, [id]);
    const again = await Promise.all([1, 2, 3].map(() => test.batches.claim(test.projectId, id, 10_000)));
    expect(again.filter((claim) => claim !== undefined)).toEqual([expect.objectContaining({ fence: fence + 1 })]);
  });

  it('is renewed and released by the process that has it, and by no other', async () => {
    const stale = await test.aBatch();
    const current = await test.claimed(stale.id);
    expect([await test.batches.renew(stale, 10_000), await test.batches.renew(current, 10_000)]).toEqual([false, true]);
    await test.batches.release(stale);
    expect(await test.batches.claim(test.projectId, stale.id, 10_000)).toBeUndefined();
    await test.batches.release(current);
    expect(await test.batches.claim(test.projectId, stale.id, 10_000)).toBeDefined();
  });
});

describe('the allowance of enqueued tokens', () => {
  it('is not exceeded by batches at the same time, and is given back', async () => {
    const allowances = new Allowances(undefined as never);
    const take = (tokens: number): Promise<boolean> =>
      test.batches.transaction(test.projectId, (manager) => allowances.take(manager, test.projectId, tokens, 1_000));
    expect((await Promise.all([400, 400, 400, 400].map(take))).filter(Boolean)).toHaveLength(2);
    await test.batches.transaction(test.projectId, (manager) => allowances.giveBack(manager, test.projectId, 400));
    expect([await take(700), await take(600)]).toEqual([false, true]);
  });
});
