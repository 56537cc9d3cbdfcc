import { RESULTS_PAGE_BYTES } from '@xerotier/contracts/batch';
import type { DataKeysService } from '@xerotier/data-keys';
import { newDataKey } from '@xerotier/sealing';
import { testServers } from '@xerotier/testing';
import { testBatches } from '../../test/test-batches.ts';
import type { Batch } from '../batches/batch.entity.ts';
import type { BatchesRepository } from '../batches/batches.repository.ts';
import { ResultsReader } from './results-reader.ts';
import { ResultsWriter } from './results-writer.ts';

const servers = testServers('postgres');
const test = testBatches(() => servers.postgres.url);
const dataKey = newDataKey();
const keys = { get: () => Promise.resolve(dataKey) } as Partial<DataKeysService> as DataKeysService;

/** Keeps lines of these lengths in one result. */
async function keep(batch: Batch, first: number, lengths: readonly number[], isSuccess = true): Promise<string> {
  const texts = lengths.map((length, at) => `${String(first + at).padStart(length, 'x')}\n`);
  const results = texts.map((text, at) => ({ chunk: 0, index: first + at, isSuccess, text, usage: undefined }));
  await new ResultsWriter(batch, test.batches, dataKey).keep(results);
  return texts.join('');
}

/** What is read from a line and byte on, page by page. */
async function pages(batch: Batch, line = 0, kind: 'output' | 'error' = 'output'): Promise<string[]> {
  const sut = new ResultsReader(test.batches, keys);
  const texts: string[] = [];
  for (let [next, byte] = [line, 0]; ;) {
    const { content, hasEnded } = await sut.read({ ...batch, kind, line: next, byte });
    const text = Buffer.from(content, 'base64').toString();
    expect(hasEnded).toBe(false);
    if (text === '') return texts;
    texts.push(text);
    const breaks = text.split('\n').length - 1;
    next += breaks;
    byte = breaks === 0 ? byte + text.length : text.length - text.lastIndexOf('\n') - 1;
  }
}

async function end(batch: Batch): Promise<void> {
  await test.batches.transaction(batch.projectId, async (manager) => {
    await test.batches.deleteWork(manager, batch);
    await test.batches.update(manager, batch, { status: 'completed', outputFileId: 'file-1' });
  });
}

describe('results', () => {
  it('are read from any line, in the order of the file, of one kind', async () => {
    const batch = await test.aBatch();
    const output = (await keep(batch, 0, [3, 3])) + (await keep(batch, 2, [3])) + (await keep(batch, 5, [3, 3, 3]));
    const errors = await keep(batch, 3, [3, 3], false);
    const lines = output.trimEnd().split('\n');
    for (let line = 0; line <= lines.length; line += 1)
      expect((await pages(batch, line)).join('')).toBe(
        lines
          .slice(line)
          .map((text) => `${text}\n`)
          .join(''),
      );
    expect(await pages(batch, 0, 'error')).toEqual([errors]);
    expect(await pages(batch, 7)).toEqual([]);
  });

  it('that are longer than a page are read in several', async () => {
    const batch = await test.aBatch();
    const output =
      (await keep(batch, 0, [10])) + (await keep(batch, 1, [3 * RESULTS_PAGE_BYTES, 20])) + (await keep(batch, 3, [5]));
    const read = await pages(batch);
    expect(read.map(({ length }) => length)).toEqual([...Array<number>(3).fill(RESULTS_PAGE_BYTES), 39]);
    expect(read.join('')).toBe(output);
  });

  it('are in the file when the batch has ended', async () => {
    const sut = new ResultsReader(test.batches, keys);
    const batch = await test.aBatch();
    await keep(batch, 0, [3]);
    await end(batch);
    const from = { ...batch, line: 0, byte: 0 };
    expect(await sut.read({ ...from, kind: 'output' })).toEqual({ content: '', hasEnded: true, fileId: 'file-1' });
    expect(await sut.read({ ...from, kind: 'error' })).toEqual({ content: '', hasEnded: true });
  });

  it('are in the file when the batch ends while they are looked for', async () => {
    const batch = await test.aBatch();
    await keep(batch, 0, [3]);
    const ending = Object.create(test.batches, {
      resultWithLine: { value: () => end(batch).then(() => null) },
    }) as BatchesRepository;
    const read = new ResultsReader(ending, keys).read({ ...batch, kind: 'output', line: 0, byte: 0 });
    expect(await read).toEqual({ content: '', hasEnded: true, fileId: 'file-1' });
  });

  it('of another project are those of an unknown batch', async () => {
    const sut = new ResultsReader(test.batches, keys);
    const { id } = await test.aBatch();
    const foreign = sut.read({ projectId: 'proj_OTHER', id, kind: 'output', line: 0, byte: 0 });
    await expect(foreign).rejects.toMatchObject({ code: 'batch.not_found', details: { batch: id } });
  });
});
