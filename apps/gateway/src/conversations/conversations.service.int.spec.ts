import { conversationsContract } from '@xerotier/contracts/responses';
import { AppError } from '@xerotier/errors';
import { testBuses } from '@xerotier/nats/testing';
import { testServers } from '@xerotier/testing';
import { ConversationsService } from './conversations.service.ts';

const servers = testServers('nats');
const connectBus = testBuses(() => servers.nats.url);

/** A service whose bus calls run the given handler. */
async function newService(handler: () => Promise<never>): Promise<ConversationsService> {
  const { bus } = await connectBus();
  bus.serve(conversationsContract, {
    ...{ create: handler, list: handler, get: handler, update: handler, delete: handler },
    ...{ addItems: handler, listItems: handler, getItem: handler, removeItem: handler },
  });
  await bus.flush();
  return new ConversationsService((await connectBus()).bus);
}

const context = {
  projectId: 'proj_1',
  actor: { kind: 'api_key' as const, id: 'key_1' },
  clientAddress: '127.0.0.1',
  requestId: 'req_1',
};
const one = { projectId: 'proj_1', id: 'conv_1' };
const ofItems = { projectId: 'proj_1', conversationId: 'conv_1' };
const page = { limit: 20, order: 'asc' } as const;
const items = [{ type: 'message' as const, role: 'user', content: [] }];

const operations: readonly [string, (sut: ConversationsService) => Promise<unknown>][] = [
  ['create', (sut) => sut.create({ context, metadata: {}, items })],
  ['list', (sut) => sut.list({ projectId: 'proj_1', ...page })],
  ['get', (sut) => sut.get(one)],
  ['update', (sut) => sut.update({ ...one, metadata: {} })],
  ['delete', (sut) => sut.delete(one)],
  ['addItems', (sut) => sut.addItems({ context, conversationId: 'conv_1', items })],
  ['listItems', (sut) => sut.listItems({ ...ofItems, ...page })],
  ['getItem', (sut) => sut.getItem({ ...ofItems, id: 'msg_1' })],
  ['removeItem', (sut) => sut.removeItem({ ...ofItems, id: 'msg_1' })],
];

describe.each(operations)('%s', (_, run) => {
  it.each(['db.unavailable', 'bus.overloaded'] as const)('throws conversations.unavailable for %s', async (code) => {
    const sut = await newService(() => Promise.reject(new AppError(code, { subject: 'x' })));
    await expect(run(sut)).rejects.toMatchObject({ code: 'conversations.unavailable' });
  });

  it('throws conversations.unavailable while no responses service runs', async () => {
    const sut = new ConversationsService((await connectBus()).bus);
    await expect(run(sut)).rejects.toMatchObject({ code: 'conversations.unavailable' });
  });

  it('rethrows other errors', async () => {
    const sut = await newService(() => Promise.reject(new Error('a defect')));
    await expect(run(sut)).rejects.toMatchObject({ code: 'internal' });
  });
});
