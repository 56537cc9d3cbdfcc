import { responsesContract, STORED_BYTES_MAX } from '@xerotier/contracts/responses';
import type { StoredCompletion } from '@xerotier/contracts/responses';
import { AppError } from '@xerotier/errors';
import { testBuses } from '@xerotier/nats/testing';
import { testServers } from '@xerotier/testing';
import { StoredCompletionsService } from './stored-completions.service.ts';

const servers = testServers('nats');
const connectBus = testBuses(() => servers.nats.url);

type Input = Parameters<StoredCompletionsService['save']>[0];

const completion: StoredCompletion = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'tiny',
  metadata: {},
};
const scope = { projectId: 'proj_1' };
const anInput: Input = {
  ...scope,
  endpointId: '5b2f1f0e-6f3c-4f0a-9a53-0d8b8f5b7c11',
  createdAt: 1,
  completion,
  messages: [{ role: 'user', content: 'x' }],
};

/** A service whose bus calls run the given handler. */
async function newService(handler: () => Promise<never> | Promise<object>): Promise<StoredCompletionsService> {
  const { bus } = await connectBus();
  const handle = handler as () => Promise<never>;
  bus.serve(responsesContract, {
    save: handle,
    list: handle,
    get: handle,
    messages: handle,
    update: handle,
    delete: handle,
  });
  await bus.flush();
  return new StoredCompletionsService((await connectBus()).bus);
}

const page = { limit: 20, order: 'asc' } as const;
const operations: readonly [string, (sut: StoredCompletionsService) => Promise<unknown>][] = [
  ['save', (sut) => sut.save(anInput)],
  ['list', (sut) => sut.list(scope, page)],
  ['get', (sut) => sut.get(scope, 'a')],
  ['listMessages', (sut) => sut.listMessages(scope, 'a', page)],
  ['update', (sut) => sut.update(scope, 'a', {})],
  ['delete', (sut) => sut.delete(scope, 'a')],
];

describe.each(operations)('%s', (_, run) => {
  it.each(['db.unavailable', 'bus.overloaded'] as const)('throws responses.unavailable for %s', async (code) => {
    const sut = await newService(() => Promise.reject(new AppError(code, { subject: 'x' })));
    await expect(run(sut)).rejects.toMatchObject({ code: 'responses.unavailable' });
  });

  it('throws responses.unavailable without a responder', async () => {
    await expect(run(new StoredCompletionsService((await connectBus()).bus))).rejects.toMatchObject({
      code: 'responses.unavailable',
    });
  });

  it('rethrows internal', async () => {
    const sut = await newService(() => Promise.reject(new AppError('internal')));
    await expect(run(sut)).rejects.toMatchObject({ code: 'internal' });
  });
});

const finding = operations.filter(([name]) => !['save', 'list'].includes(name));

describe.each(finding)('%s', (_, run) => {
  it('rethrows completion.not_found', async () => {
    const sut = await newService(() => Promise.reject(new AppError('completion.not_found', { completion: 'a' })));
    await expect(run(sut)).rejects.toMatchObject({ code: 'completion.not_found' });
  });
});

describe('save', () => {
  it('rejects completions beyond the maximum size before they are sent', async () => {
    const room = STORED_BYTES_MAX - JSON.stringify(anInput).length;
    const sut = await newService(() => Promise.resolve({}));
    const sized = (length: number): Input => ({
      ...anInput,
      messages: [{ role: 'user', content: 'x'.repeat(length) }],
    });
    await sut.save(sized(room + 1));
    await expect(sut.save(sized(room + 2))).rejects.toMatchObject({ code: 'completion.too_large', param: 'store' });
    // The limit is in bytes, not in characters.
    const accents = { ...anInput, messages: [{ role: 'user', content: 'é'.repeat(room / 2 + 2) }] };
    await expect(sut.save(accents)).rejects.toMatchObject({ code: 'completion.too_large' });
  });
});

describe('settled', () => {
  it('waits for pending saves', async () => {
    const committed = Promise.withResolvers<object>();
    const sut = await newService(() => committed.promise);
    const events: string[] = [];
    const saving = sut.save(anInput).then(() => events.push('saved'));
    const settled = sut.settled(new AbortController().signal).then(() => events.push('settled'));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(events).toEqual([]);
    committed.resolve({});
    await Promise.all([saving, settled]);
    expect(events.sort()).toEqual(['saved', 'settled']);
  });

  it('resolves when its signal is aborted, and immediately without pending saves', async () => {
    const sut = await newService(() => new Promise(() => undefined));
    await sut.settled(new AbortController().signal);
    sut.save(anInput).catch(() => undefined);
    await sut.settled(AbortSignal.timeout(50));
    await sut.settled(AbortSignal.abort());
  });
});
