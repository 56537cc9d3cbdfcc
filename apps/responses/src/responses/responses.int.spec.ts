/** What is stored of responses, on a real PostgreSQL. The other side of the bus, auth, is a list of retentions. */
import { projectsContract } from '@xerotier/contracts/auth';
import type { ProjectRetention } from '@xerotier/contracts/auth';
import { emptyUsage } from '@xerotier/contracts/inference';
import type { ModelCallContext } from '@xerotier/contracts/inference';
import type { StoredItem } from '@xerotier/contracts/responses';
import { AppError } from '@xerotier/errors';
import { createResponseRequest } from '@xerotier/public-api/responses';
import { createTestingService } from '@xerotier/service-host/testing';
import type { TestingService } from '@xerotier/service-host/testing';
import { aMessage, ConversationsClient } from '../../test/conversations-client.ts';
import { runningResponses } from '../../test/running-responses.ts';
import { wrappedMethods } from '../../test/wrapped-methods.ts';
import { AppModule } from '../app.module.ts';
import { settings } from '../config.ts';
import { newItemId } from '../items/item-id.ts';
import { newTurn, turnRequestOf } from '../turns/new-turn.ts';
import type { Outcome } from '../turns/response-object.ts';
import { ResponsesPurge } from './responses-purge.ts';
import { ResponsesRepository } from './responses.repository.ts';
import { ResponsesService } from './responses.service.ts';
import { TurnOrigins } from './turn-origins.service.ts';
import { TurnRecords } from './turn-records.service.ts';

const running = runningResponses();
const wrap = wrappedMethods();
let service: TestingService;
let sut: ResponsesService;
let origins: TurnOrigins;
let records: TurnRecords;
let purge: ResponsesPurge;
let projectId: string;
let retentions: ProjectRetention[] = [];
let isStoredAtOnce = false;

beforeAll(async () => {
  const { listRetentions } = projectsContract.operations;
  running.bus.serve(
    { ...projectsContract, operations: { listRetentions } },
    { listRetentions: () => ({ data: retentions, hasMore: false }) },
  );
  await running.bus.flush();
  service = await createTestingService({ name: 'responses', settings, module: AppModule, env: running.env });
  sut = service.nest.get(ResponsesService, { strict: false });
  origins = service.nest.get(TurnOrigins, { strict: false });
  records = service.nest.get(TurnRecords, { strict: false });
  purge = service.nest.get(ResponsesPurge, { strict: false });
});
afterAll(() => service.stop());
beforeEach(() => {
  projectId = running.newProject();
  retentions = [];
});

interface Options {
  readonly previous?: string;
  readonly conversation?: string;
  readonly ageDays?: number;
  readonly input?: unknown;
  readonly project?: string;
  readonly beforeStored?: () => Promise<void>;
  readonly beforeEnd?: () => void;
}

const message = (text: string): StoredItem => ({
  ...{ id: newItemId('message'), type: 'message', status: 'completed', role: 'assistant' },
  content: [{ type: 'output_text', text, annotations: [], logprobs: [] }],
});

const callOf = (project: string): ModelCallContext => ({
  ...{ requestId: 'req_1', projectId: project, endpointId: '5b2f1f0e-6f3c-4f0a-9a53-0d8b8f5b7c11' },
  ...{ keyId: 'key_1', modelId: 'm', modelName: 'm', tier: 'free', priority: 'interactive' },
});

/** Stores a turn that has ended, and returns the id of its response. */
async function stored(text: string, options: Options = {}): Promise<string> {
  const { previous, conversation, ageDays = 0, input = text, project, beforeStored, beforeEnd } = options;
  const request = createResponseRequest.parse({ model: 'm', input, conversation, previous_response_id: previous });
  const call = callOf(project ?? projectId);
  const context = await origins.read(turnRequestOf(call, request));
  const turn = { ...newTurn(call, request, context), createdAt: new Date(Date.now() - ageDays * 86_400_000) };
  const usage = { ...emptyUsage(), promptTokens: 1 };
  const outcome: Outcome = { status: 'completed', endedAt: Date.now(), usage, error: null, incompleteReason: null };
  const output = [message(`re: ${text}`)];
  await beforeStored?.();
  if (!isStoredAtOnce) await records.begin(turn);
  beforeEnd?.();
  await (isStoredAtOnce ? records.store(turn, output, outcome) : records.end(turn, output, outcome));
  return turn.id;
}

async function historyOf(id: string, project = projectId): Promise<string[]> {
  const request = { projectId: project, previousId: id, conversationId: undefined, input: [] };
  const { history } = await origins.read(request);
  return history.map(({ content }) => (content as { text: string }[])[0]?.text ?? '');
}

const rows = (text: string): Promise<{ count: string }[]> => running.database.query(text, [projectId]);
const countOf = async (table: string): Promise<number> =>
  Number((await rows(`SELECT count(*) FROM responses.${table} WHERE project_id = $1`))[0]?.count);

describe.each([
  ['that are stored when they end', true],
  ['that are stored when they begin', false],
])('a chain of responses %s', (_, atOnce) => {
  beforeEach(() => {
    isStoredAtOnce = atOnce;
  });

  it('has the items of all its turns as context, in their order', async () => {
    const first = await stored('a');
    const second = await stored('b', { previous: first });
    expect(await historyOf(first)).toEqual(['a', 're: a']);
    expect(await historyOf(second)).toEqual(['a', 're: a', 'b', 're: b']);
  });

  it('branches, and branches do not see each other', async () => {
    const root = await stored('a');
    const [one, other] = [await stored('b', { previous: root }), await stored('c', { previous: root })];
    expect(await historyOf(one)).toEqual(['a', 're: a', 'b', 're: b']);
    expect(await historyOf(other)).toEqual(['a', 're: a', 'c', 're: c']);
    // Nothing of it is stored twice.
    expect(await countOf('item')).toBe(6);
  });

  it('reads the items of its last turn only when it was continued lately', async () => {
    const wholes: string[] = [];
    wrap(ResponsesRepository.prototype, 'readContext', (read) => (manager, key) => {
      wholes.push(key.id);
      return read(manager, key);
    });
    const ids: string[] = [];
    for (const text of ['a', 'b', 'c', 'd'])
      ids.push(await stored(text, { ...(ids.length > 0 && { previous: ids.at(-1) }) }));
    expect(wholes).toEqual([ids[0]]);
    expect(await historyOf(ids[3] ?? '')).toEqual(['a', 're: a', 'b', 're: b', 'c', 're: c', 'd', 're: d']);
    // A branch has its own items.
    const branch = await stored('e', { previous: ids[1] ?? '' });
    expect(await historyOf(branch)).toEqual(['a', 're: a', 'b', 're: b', 'e', 're: e']);
    expect(await historyOf(ids[2] ?? '')).toEqual(['a', 're: a', 'b', 're: b', 'c', 're: c']);
    expect(wholes).toHaveLength(1);
  });

  it('cannot be continued once it is deleted, although its items were read lately', async () => {
    const first = await stored('a');
    expect(await historyOf(first)).toEqual(['a', 're: a']);
    await sut.delete({ projectId, id: first });
    await expect(historyOf(first)).rejects.toMatchObject({ code: 'response.previous_not_found' });
  });

  it('has the items of its conversation as they are now', async () => {
    const conversations = new ConversationsClient(() => running.bus, projectId);
    const { id: conversation } = await conversations.create([aMessage('before')]);
    const first = await stored('a', { conversation });
    const second = await stored('b', { previous: first });
    expect(await historyOf(second)).toEqual(['before', 'a', 're: a', 'b', 're: b']);
    const { items } = await conversations.listItems(conversation, { order: 'asc' });
    await conversations.removeItem(conversation, items[0]?.id ?? '');
    expect(await historyOf(second)).toEqual(['a', 're: a', 'b', 're: b']);
  });

  it('stores as many bytes for each turn, however long it is', async () => {
    let previous: string | undefined;
    const sizes: number[] = [];
    for (let turn = 0; turn < 60; turn += 1) {
      previous = await stored('text of a turn', { ...(previous !== undefined && { previous }) });
      const [{ bytes } = { bytes: '0' }] = await running.database.query<{ bytes: string }[]>(
        `SELECT (SELECT sum(length(content)) FROM responses.item WHERE project_id = $1)
              + (SELECT sum(length(content) + length(outcome)) FROM responses.response WHERE project_id = $1) AS bytes`,
        [projectId],
      );
      sizes.push(Number(bytes) - sizes.reduce((sum, size) => sum + size, 0));
    }
    const [fifth, last] = [sizes[4] ?? 0, sizes.at(-1) ?? 0];
    expect(Math.abs(last - fifth) / fifth).toBeLessThan(0.1);
  });

  it('of another project cannot be continued', async () => {
    const id = await stored('a');
    const foreign = { projectId: running.newProject(), previousId: id, conversationId: undefined, input: [] };
    await expect(origins.read(foreign)).rejects.toMatchObject({
      code: 'response.previous_not_found',
      param: 'previous_response_id',
    });
  });

  it('repeats an item that a request refers to, once', async () => {
    const id = await stored('a');
    const { items } = await sut.listInputItems({ projectId, id, limit: 20, order: 'asc' });
    const second = await stored('b', { input: [{ type: 'item_reference', id: items[0]?.id ?? '' }] });
    expect(await historyOf(second)).toEqual(['a', 're: b']);
    expect(await countOf('item')).toBe(3);
    const unknown = [{ type: 'item_reference', id: newItemId('message') }];
    await expect(stored('c', { input: unknown })).rejects.toMatchObject({
      code: 'item.not_found',
      param: 'input[0].id',
    });
  });

  it('does not continue from one that was deleted meanwhile, and stores nothing of it', async () => {
    const first = await stored('a');
    await expect(
      stored('b', { previous: first, beforeStored: () => sut.delete({ projectId, id: first }) }),
    ).rejects.toMatchObject({ code: 'response.previous_not_found' });
    expect([await countOf('response'), await countOf('item')]).toEqual([0, 0]);
  });

  it('is stored once when the connection is lost after the commit', async () => {
    let ends = 0;
    const id = await stored('a', {
      beforeEnd: () =>
        wrap(ResponsesRepository.prototype, 'transaction', (transaction) => async (project, work) => {
          const result = await transaction(project, work);
          ends += 1;
          if (ends === 1) throw new AppError('db.unavailable');
          return result;
        }),
    });
    expect(ends).toBe(2);
    expect(await historyOf(id)).toEqual(['a', 're: a']);
    expect([await countOf('response'), await countOf('item')]).toEqual([1, 2]);
  });
});

describe('a response that waits', () => {
  async function queued(ageSeconds: number): Promise<string> {
    const request = createResponseRequest.parse({ model: 'm', input: 'x', background: true });
    const call = callOf(projectId);
    const context = await origins.read(turnRequestOf(call, request));
    const turn = { ...newTurn(call, request, context), createdAt: new Date(Date.now() - ageSeconds * 1_000) };
    await records.begin(turn, { job: {} });
    return turn.id;
  }

  it('says how long it has waited, how many are before it, and when it should start', async () => {
    const ids = [await queued(40), await queued(30), await queued(20)];
    const place = async (at: number): Promise<unknown> => (await sut.get({ projectId, id: ids[at] ?? '' })).x_queue;
    expect(await place(0)).toEqual({ queued_seconds: 40, position: 0, expected_start_at: null });
    // Three have ended in five minutes.
    await rows(`INSERT INTO responses.response (project_id, id, turns, bytes, status, background, ended_at)
      SELECT $1, 'resp_' || repeat(at::text, 48), 1, 0, 'completed', true, now() FROM generate_series(1, 3) AS at`);
    const now = Date.now() / 1_000;
    expect(await place(2)).toEqual({
      queued_seconds: 20,
      position: 2,
      expected_start_at: expect.any(Number) as unknown,
    });
    const { expected_start_at: start } = (await place(2)) as { expected_start_at: number };
    expect(Math.abs(start - now - 200)).toBeLessThan(20);
  });
});

describe('a deleted response', () => {
  it('is hidden at once, and stays in the context of what continues from it', async () => {
    const first = await stored('a');
    const second = await stored('b', { previous: first });
    await sut.delete({ projectId, id: first });
    await expect(sut.get({ projectId, id: first })).rejects.toMatchObject({ code: 'response.not_found' });
    await expect(stored('c', { previous: first })).rejects.toMatchObject({ code: 'response.previous_not_found' });
    await expect(sut.delete({ projectId, id: first })).rejects.toMatchObject({ code: 'response.not_found' });
    expect(await historyOf(second)).toEqual(['a', 're: a', 'b', 're: b']);
  });

  it('is gone with the last one that continues from it, and so are its items', async () => {
    const first = await stored('a');
    const [second, third] = [await stored('b', { previous: first }), await stored('c', { previous: first })];
    for (const id of [first, second]) await sut.delete({ projectId, id });
    expect([await countOf('response'), await countOf('item')]).toEqual([2, 4]);
    await sut.delete({ projectId, id: third });
    expect([await countOf('response'), await countOf('response_item'), await countOf('item')]).toEqual([0, 0, 0]);
  });

  it('keeps an item that another one has', async () => {
    const id = await stored('a');
    const { items } = await sut.listInputItems({ projectId, id, limit: 20, order: 'asc' });
    const other = await stored('b', { input: [{ type: 'item_reference', id: items[0]?.id ?? '' }] });
    await sut.delete({ projectId, id });
    expect(await historyOf(other)).toEqual(['a', 're: b']);
    expect(await countOf('item')).toBe(2);
  });
});

describe('the items of a conversation', () => {
  it.each([
    ['deleted', 0],
    ['purged', 31],
  ])('outlive the response that has added them, when it is %s', async (_, ageDays) => {
    const conversations = new ConversationsClient(() => running.bus, projectId);
    const { id: conversation } = await conversations.create();
    const id = await stored('a', { conversation, ageDays });
    if (ageDays === 0) await sut.delete({ projectId, id });
    else await purge.purge();
    await expect(sut.get({ projectId, id })).rejects.toMatchObject({ code: 'response.not_found' });
    expect(await conversations.texts(conversation)).toEqual(['a', 're: a']);
    expect(await historyOf(await stored('b', { conversation }))).toEqual(['a', 're: a', 'b', 're: b']);
    await conversations.delete(conversation);
    expect(await countOf('response')).toBe(1);
  });
});

describe('the purge of responses', () => {
  it('deletes those that are older than 30 days, unless the project has a retention of its own', async () => {
    const old = await stored('a', { ageDays: 30.01 });
    const recent = await stored('b', { ageDays: 29.9 });
    const other = running.newProject();
    const kept = await stored('c', { ageDays: 300, project: other });
    retentions = [{ projectId: other, retentionDays: 301 }];
    await purge.purge();
    await expect(sut.get({ projectId, id: old })).rejects.toMatchObject({ code: 'response.not_found' });
    expect((await sut.get({ projectId, id: recent })).id).toBe(recent);
    expect((await sut.get({ projectId: other, id: kept })).id).toBe(kept);
    retentions = [{ projectId: other, retentionDays: 299 }];
    await purge.purge();
    await expect(sut.get({ projectId: other, id: kept })).rejects.toMatchObject({ code: 'response.not_found' });
  });

  it('leaves the context of younger ones', async () => {
    const old = await stored('a', { ageDays: 31 });
    const young = await stored('b', { previous: old });
    await purge.purge();
    expect(await historyOf(young)).toEqual(['a', 're: a', 'b', 're: b']);
  });
});
