import { batchContract, RESULTS_PAGE_BYTES } from '@xerotier/contracts/batch';
import { AppError } from '@xerotier/errors';
import { TransferClient } from '@xerotier/file-transfers';
import { testBuses } from '@xerotier/nats/testing';
import { eventually, testServers } from '@xerotier/testing';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import type { z } from 'zod';
import { FilesService } from '../files/files.service.ts';
import { BatchOutputService } from './batch-output.service.ts';
import type { OutputRequest } from './batch-output.service.ts';
import { OutputReaders } from './output-readers.ts';

const servers = testServers('nats');
const connectBus = testBuses(() => servers.nats.url);
const transfers = new TransferClient();
afterAll(() => transfers.onModuleDestroy());

type ReadResults = (typeof batchContract.operations)['readResults'];
type Input = z.output<ReadResults['input']>;
type Output = z.input<ReadResults['output']>;

const ENDED = { content: '', hasEnded: true };
const page = (content: string): Output => ({ content: Buffer.from(content).toString('base64'), hasEnded: false });

/** @param respond what the batch service returns. */
async function newService(
  respond: (input: Input) => Output | Promise<Output>,
  readers = new OutputReaders(),
): Promise<BatchOutputService> {
  const { bus: batch } = await connectBus();
  const none = (): Promise<never> => Promise.reject(new AppError('internal'));
  batch.serve(batchContract, {
    ...{ create: none, list: none, get: none, cancel: none, pause: none, resume: none, retry: none },
    readResults: (input) => Promise.resolve(respond(input)),
  });
  await batch.flush();
  const { bus } = await connectBus();
  return new BatchOutputService(bus, new FilesService(bus, transfers), readers);
}

const request = (values: Partial<OutputRequest> = {}): OutputRequest => ({
  ...{ projectId: 'proj_0123456789ABCDEF', id: 'batch_1', kind: 'output', after: 0, limit: 50_000, follow: false },
  ...{ signal: new AbortController().signal, recheck: () => undefined },
  ...values,
});

describe('the output of a batch that runs', () => {
  it('is read page by page, to where the batch is', async () => {
    const asked: [number, number][] = [];
    const pages = [page('a\nb\nc'), page('d\n'), page('')];
    const sut = await newService(({ line, byte }) => {
      asked.push([line, byte]);
      return pages[asked.length - 1] ?? ENDED;
    });
    expect(await text(await sut.open(request({ after: 5 })))).toBe('a\nb\ncd\n');
    expect(asked).toEqual([
      [5, 0],
      [7, 1],
      [8, 0],
    ]);
  });

  it('is followed until the batch ends, through an outage', async () => {
    const pages = [page(''), page('a\n'), new AppError('db.unavailable'), page('b\n'), ENDED];
    const sut = await newService(() => {
      const next = pages.shift() ?? ENDED;
      if (next instanceof AppError) throw next;
      return next;
    });
    expect(await text(await sut.open(request({ follow: true })))).toBe('a\nb\n');
  });

  it('has an empty line when none has come for 15 seconds', async () => {
    const pages = [page('a\n')];
    const beganAt = performance.now();
    const sut = await newService(() => pages.shift() ?? (performance.now() - beganAt < 16_500 ? page('') : ENDED));
    expect(await text(await sut.open(request({ follow: true })))).toBe('a\n\n');
  }, 40_000);

  it('fails in an outage if it is not followed', async () => {
    const pages = [page('a\n')];
    const sut = await newService(() => {
      const next = pages.shift();
      if (next === undefined) throw new AppError('db.unavailable');
      return next;
    });
    await expect(text(await sut.open(request()))).rejects.toMatchObject({ code: 'db.unavailable' });
  });

  it('is not requested faster than the client reads', async () => {
    let asked = 0;
    const line = `${'x'.repeat(RESULTS_PAGE_BYTES - 1)}\n`;
    const sut = await newService(() => {
      asked += 1;
      return page(line);
    });
    const output = await sut.open(request());
    await once(output, 'readable');
    // Long enough for hundreds of pages.
    await delay(500);
    expect(asked).toBeLessThanOrEqual(3);
    output.destroy();
    await once(output, 'close');
  });

  it('ends when the client may not read any more', async () => {
    const sut = await newService(() => page('a\n'));
    const output = await sut.open(request({ recheck: () => Promise.reject(new AppError('auth.invalid_key')) }));
    await expect(text(output)).rejects.toMatchObject({ code: 'auth.invalid_key' });
  }, 20_000);

  it('ends when the gateway stops', async () => {
    const sut = await newService(() => page(''));
    const output = text(await sut.open(request({ follow: true })));
    const failed = expect(output).rejects.toMatchObject({ code: 'service.draining' });
    sut.onDrain();
    await failed;
  });

  it('is not followed any more when the client is gone', async () => {
    let asked = 0;
    const sut = await newService(() => {
      asked += 1;
      return page('');
    });
    const gone = new AbortController();
    const output = text(await sut.open(request({ follow: true, signal: gone.signal })));
    const ended = expect(output).rejects.toThrow('gone');
    await eventually('it follows', () => asked > 1);
    gone.abort(new Error('gone'));
    await ended;
    const before = asked;
    await delay(1_500);
    expect(asked).toBe(before);
  });
});

describe('readers', () => {
  it('of a project are bounded, and give their place back', async () => {
    const sut = await newService(() => page(''));
    const gone = new AbortController();
    const following = request({ follow: true, signal: gone.signal });
    const open = await Promise.all(Array.from({ length: 16 }, () => sut.open(following)));
    await expect(sut.open(request())).rejects.toMatchObject({ code: 'batch.project_readers_exceeded' });
    expect(await text(await sut.open(request({ projectId: 'proj_OTHER' })))).toBe('');
    gone.abort();
    for (const output of open) {
      output.destroy();
      await once(output, 'close');
    }
    expect(await text(await sut.open(request()))).toBe('');
  });

  it('of all projects are bounded', () => {
    const readers = new OutputReaders();
    const added = Array.from({ length: 256 }, (_, at) => readers.add(`proj_${at}`));
    expect(() => readers.add('proj_more')).toThrow(expect.objectContaining({ code: 'batch.too_many_readers' }));
    added[0]?.();
    readers.add('proj_more');
  });

  it('whose output could not be opened have no place', async () => {
    const sut = await newService(() => {
      throw new AppError('batch.not_found', { batch: 'batch_1' });
    });
    for (let attempt = 0; attempt < 20; attempt += 1)
      await expect(sut.open(request())).rejects.toMatchObject({ code: 'batch.not_found' });
  });
});
