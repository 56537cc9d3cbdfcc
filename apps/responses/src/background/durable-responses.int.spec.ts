/** Responses lose nothing and have one numbering of events, whatever happens to the process that runs them. */
import { withTenant } from '@xerotier/db';
import { AppError } from '@xerotier/errors';
import { silentLog } from '@xerotier/log/testing';
import { connectRedis } from '@xerotier/redis';
import { createTestingService } from '@xerotier/service-host/testing';
import type { TestingService } from '@xerotier/service-host/testing';
import { eventually } from '@xerotier/testing';
import { setTimeout as delay } from 'node:timers/promises';
import { checkEvents } from '../../test/event-grammar.ts';
import { aborted, FakeModel } from '../../test/fake-model.ts';
import { ResponsesClient } from '../../test/responses-client.ts';
import { runningResponses } from '../../test/running-responses.ts';
import { wrappedMethods } from '../../test/wrapped-methods.ts';
import { AppModule } from '../app.module.ts';
import { settings } from '../config.ts';
import { ResponseRunsRepository } from '../responses/response-runs.repository.ts';
import { ResponsesRepository } from '../responses/responses.repository.ts';
import { UnstoredResponsesPurge } from '../responses/unstored-responses-purge.ts';
import { BackgroundRunner } from './background-runner.ts';

const running = runningResponses();
const model = new FakeModel();
const wrap = wrappedMethods();
let client: ResponsesClient;
const others: TestingService[] = [];

beforeAll(() => model.serve(running.bus));
beforeEach(() => {
  model.calls.length = 0;
  client = new ResponsesClient(() => running.bus, running.newProject());
});
afterEach(async () => {
  for (const service of others.splice(0)) await service.stop();
});

async function another(): Promise<TestingService> {
  const service = await createTestingService({ name: 'responses', settings, module: AppModule, env: running.env });
  others.push(service);
  return service;
}

const runnerOf = ({ nest }: TestingService): BackgroundRunner => nest.get(BackgroundRunner, { strict: false });
const sql = (text: string): Promise<unknown> =>
  withTenant(running.database, client.projectId, (manager) => manager.query(text));
const expireLease = (): Promise<unknown> =>
  sql(`UPDATE responses.response SET lease_until = now() - interval '1 second'`);
const never = new AbortController().signal;

async function ended(id: string): Promise<ReturnType<typeof checkEvents>> {
  const { events, ended: end } = client.follow(id);
  expect(await end).toBe('done');
  return checkEvents(events);
}

const textOf = (events: ReturnType<typeof checkEvents>): string =>
  events.map(({ type, delta }) => (type === 'response.output_text.delta' ? delta : '')).join('');

it('are run by one of many processes', async () => {
  const services = [await another(), await another(), await another()];
  model.script = async ({ write }) => {
    write('once');
    await delay(300);
  };
  const ids = await Promise.all(Array.from({ length: 5 }, async () => (await client.enqueue({ stream: true })).id));
  const keys = ids.map((id) => ({ projectId: client.projectId, id }));
  await Promise.all(services.flatMap((service) => keys.map((key) => runnerOf(service).run(key, never))));
  for (const id of ids) expect(textOf(await ended(id))).toBe('once');
  expect(new Set(model.calls).size).toBe(5);
  expect(model.calls).toHaveLength(5);
});

it('show nothing of a process that was suspended, and goes on after another one has taken them', async () => {
  const resumed = Promise.withResolvers<void>();
  model.script = async ({ write, signal }, call) => {
    if (call > 1) return write('second');
    write('first');
    await Promise.race([resumed.promise, aborted(signal)]);
    write('stale');
  };
  const service = await another();
  const { id } = await client.enqueue({ stream: true });
  const { events } = client.follow(id);
  await eventually('it has begun', () => events.some((json) => json.includes('"first"')));
  await expireLease();
  await runnerOf(service).run({ projectId: client.projectId, id }, never);
  resumed.resolve();
  await eventually('the first one has ended', () => model.running === 0);
  await delay(700);
  const read = await ended(id);
  expect(textOf(read)).toBe('firstsecond');
  expect(read.at(-1)?.response?.output).toMatchObject([{ status: 'incomplete' }, { status: 'completed' }]);
  // Each call of the model has its own record.
  expect(model.calls[1]).toBe(`${model.calls[0]}-2`);
  expect((await client.get(id)).output).toEqual(read.at(-1)?.response?.output);
});

it.each([true, false])('are cancelled while the model is silent, which is stopped (stream: %s)', async (stream) => {
  const stopped = Promise.withResolvers<void>();
  model.script = async ({ write, signal }) => {
    write('half');
    await aborted(signal);
    stopped.resolve();
  };
  const { id } = await client.enqueue({ stream });
  await eventually('it runs', () => model.running === 1);
  await delay(300);
  const cancelled = await client.cancel(id);
  expect(cancelled).toMatchObject({ status: 'cancelled', error: null });
  await stopped.promise;
  expect(await client.cancel(id)).toEqual(cancelled);
  if (!stream) return;
  // What was written stays readable, and what was open is closed.
  const events = await ended(id);
  expect(events.at(-1)?.response).toMatchObject({ status: 'cancelled', output: [] });
  expect(cancelled.output).toEqual(events.at(-1)?.response?.output);
});

it('end once, however cancellations race with their ends', async () => {
  model.script = async ({ write }) => {
    for (let at = 0; at < 3; at += 1) {
      write(`${at} `);
      await delay(20);
    }
  };
  const ids = await Promise.all(Array.from({ length: 40 }, async () => (await client.enqueue({ stream: true })).id));
  await Promise.all(
    ids.map(async (id, at) => {
      await delay(at * 60);
      const [one, two] = await Promise.all([client.cancel(id), client.cancel(id)]);
      expect(one).toEqual(two);
    }),
  );
  const statuses = await Promise.all(
    ids.map(async (id) => {
      const response = await client.get(id);
      expect((await ended(id)).at(-1)?.response).toEqual(response);
      return response.status;
    }),
  );
  expect([...new Set(statuses)].sort()).toEqual(['cancelled', 'completed']);
});

it('are errors of the request when they cannot be stored', async () => {
  model.script = ({ signal }) => aborted(signal);
  wrap(ResponsesRepository.prototype, 'insert', () => async () => {
    await delay(300);
    throw new AppError('item.not_found', { item: 'msg_1' });
  });
  const { events, ended: end } = client.run();
  expect(await end).toMatch(/^(done|item\.not_found)$/);
  if (events.length > 0) expect(checkEvents(events).at(-1)?.response).toMatchObject({ status: 'failed' });
  await eventually('the model has stopped', () => model.running === 0);
});

it('stop when they are deleted while they run', async () => {
  model.script = ({ signal }) => aborted(signal);
  const { id } = await client.enqueue({ stream: true });
  await eventually('it runs', () => model.running === 1);
  const follower = client.follow(id);
  await client.delete(id);
  await eventually('the model has stopped', () => model.running === 0, 2_000);
  expect(await follower.ended).toBe('response.not_found');
});

it('are run although Redis has forgotten them', async () => {
  model.script = ({ write }) => Promise.resolve(write('x'));
  const redis = connectRedis({ url: running.servers.redis.url, name: 'test', log: silentLog(), waitsForServer: true });
  const projectId = running.newProject();
  const many = new ResponsesClient(() => running.bus, projectId);
  const ids = await Promise.all(Array.from({ length: 10 }, async () => (await many.enqueue()).id));
  await redis.flushall();
  redis.disconnect();
  for (const id of ids)
    await eventually('it has ended', async () => (await many.get(id)).status === 'completed', 40_000);
}, 60_000);

it('go on while they run although Redis has forgotten them', async () => {
  const ending = Promise.withResolvers<void>();
  model.script = async ({ write }) => {
    write('first');
    await ending.promise;
    write('last');
  };
  const redis = connectRedis({ url: running.servers.redis.url, name: 'test', log: silentLog(), waitsForServer: true });
  const { id } = await client.enqueue({ stream: true });
  await eventually('it runs', () => model.running === 1);
  await redis.flushall();
  redis.disconnect();
  // Longer than the lock of a job lasts.
  await delay(12_000);
  ending.resolve();
  expect(textOf(await ended(id))).toBe('firstlast');
  expect(model.calls).toHaveLength(1);
}, 60_000);

it('go on in another process when their own one stops', async () => {
  model.script = async ({ write, signal }, call) => {
    write(`call ${call} `);
    if (call === 1) await aborted(signal);
  };
  await running.restart();
  const { id } = await client.enqueue({ stream: true });
  await eventually('it runs', () => model.running === 1);
  await delay(300);
  const other = await another();
  await Promise.all([
    running.restart(),
    eventually('it has ended', async () => {
      const response = await client.get(id).catch(() => undefined);
      return response?.status === 'completed';
    }),
  ]);
  expect(textOf(await ended(id))).toBe('call 1 call 2 ');
  expect(other).toBeDefined();
}, 60_000);

it('that a client waits for fail when their process is lost, with what is stored of them', async () => {
  model.script = async ({ write, signal }) => {
    write('half');
    await aborted(signal);
  };
  const { events, ended: end } = client.run();
  await eventually('it has begun', () => events.some((json) => json.includes('"half"')));
  const { id } = (JSON.parse(events[0] as string) as { response: { id: string } }).response;
  await delay(900);
  // As if its process were gone, until the sweeper comes.
  await sql(`UPDATE responses.response SET lease_until = now() - interval '1 second', fence = fence + 1`);
  await eventually('it has ended', async () => (await client.get(id)).status === 'failed');
  const read = await ended(id);
  expect(read.at(-1)?.response).toMatchObject({ status: 'failed', output: [{ status: 'incomplete' }] });
  expect(read.length).toBeGreaterThanOrEqual(events.length);
  expect(await end).toBe('done');
  // The client that waited has one end with the next number, too.
  checkEvents(events);
});

describe('have each event once, and all of them', () => {
  beforeEach(() => {
    model.script = async ({ write }) => {
      for (let at = 0; at < 12; at += 1) {
        write(`${at} `);
        await delay(70);
      }
    };
  });
  const all = Array.from({ length: 12 }, (_, at) => `${at} `).join('');

  it.each(['before', 'after'])('when the database is lost %s it has stored events', async (when) => {
    let calls = 0;
    wrap(ResponseRunsRepository.prototype, 'appendEvents', (append) => async (...args) => {
      calls += 1;
      const fails = calls % 2 === 1;
      const isStored = fails && when === 'before' ? false : await append(...args);
      if (fails) throw new AppError('db.unavailable');
      return isStored;
    });
    const { id } = await client.enqueue({ stream: true });
    const read = await ended(id);
    expect(calls).toBeGreaterThan(1);
    expect(textOf(read)).toBe(all);
    expect(model.calls).toHaveLength(1);
  });

  it.each(['before', 'after'])('when the database is lost %s it has stored the end', async (when) => {
    let ends = 0;
    wrap(ResponsesRepository.prototype, 'end', (end) => (...args) => {
      ends += 1;
      return end(...args);
    });
    const lose = (): never => {
      throw new AppError('db.unavailable');
    };
    wrap(ResponsesRepository.prototype, 'transaction', (transaction) => async (projectId, work) => {
      const before = ends;
      const isFirst = (): boolean => before === 0 && ends === 1;
      const result = await transaction(projectId, async (manager) => {
        const worked = await work(manager);
        return isFirst() && when === 'before' ? lose() : worked;
      });
      return isFirst() ? lose() : (result as never);
    });
    const { id } = await client.enqueue({ stream: true });
    const read = await ended(id);
    expect(textOf(read)).toBe(all);
    await eventually('it was tried again', () => ends === 2);
    expect(model.calls).toHaveLength(1);
    expect((await client.get(id)).output).toHaveLength(1);
  });

  it('for readers that come, go and come again while it runs', async () => {
    const { id } = await client.enqueue({ stream: true });
    const read: string[] = [];
    while (!read.some((json) => json.includes('"type":"response.completed"'))) {
      const { events } = client.follow(id, read.length === 0 ? undefined : read.length - 1);
      await eventually('there is more', () => events.length > 0);
      read.push(...events);
    }
    checkEvents(read);
    const many = await Promise.all(Array.from({ length: 20 }, () => ended(id)));
    for (const events of many) expect(events).toEqual(read.map((json) => JSON.parse(json) as unknown));
  });
});

it('leave connections to others, however many read their events at once', async () => {
  model.script = async ({ write }) => write('text');
  const { id } = await client.enqueue({ stream: true });
  await ended(id);
  const readers = await running.database.transaction(async (manager) => {
    await manager.query('LOCK TABLE responses.response_event IN ACCESS EXCLUSIVE MODE');
    // More than the service has connections.
    const waiting = Array.from({ length: 20 }, () => client.follow(id).ended);
    await delay(200);
    expect((await client.get(id)).status).toBe('completed');
    return waiting;
  });
  expect(await Promise.all(readers)).toEqual(Array(20).fill('done'));
});

it('have no events any more some time after their end', async () => {
  model.script = ({ write }) => Promise.resolve(write('x'));
  const { id } = await client.enqueue({ stream: true });
  await ended(id);
  await sql(`UPDATE responses.response SET ended_at = now() - interval '11 minutes'`);
  expect(await client.follow(id).ended).toBe('response.events_expired');
  const service = await another();
  const runs = service.nest.get(ResponseRunsRepository, { strict: false });
  expect(await runs.deleteEvents(10 * 60_000, 1_000)).toBeGreaterThan(0);
  expect(await sql('SELECT FROM responses.response_event')).toEqual([]);
  expect((await client.get(id)).output).toHaveLength(1);
});

it('that are not stored can be read for a while after they have ended, and leave nothing', async () => {
  model.script = ({ write }) => Promise.resolve(write('x'));
  const { id } = await client.enqueue({ stream: true, store: false });
  await ended(id);
  expect(await client.get(id)).toMatchObject({ status: 'completed', store: false });
  const kept = await client.enqueue({ stream: true });
  await ended(kept.id);
  await expect(client.enqueue({ previous_response_id: id })).rejects.toThrow('response.previous_not_found');
  const service = await another();
  const purge = service.nest.get(UnstoredResponsesPurge, { strict: false });
  await purge.purge();
  expect((await client.get(id)).id).toBe(id);
  await sql(`UPDATE responses.response SET ended_at = now() - interval '11 minutes'`);
  await purge.purge();
  await expect(client.get(id)).rejects.toThrow('response.not_found');
  expect(await sql('SELECT id FROM responses.response')).toEqual([{ id: kept.id }]);
  expect(await sql('SELECT DISTINCT response_id AS id FROM responses.response_item')).toEqual([{ id: kept.id }]);
});

it('that no process survives end at last', async () => {
  model.script = ({ signal }) => aborted(signal);
  const { id } = await client.enqueue({ stream: true });
  await eventually('it runs', () => model.running === 1);
  await sql(`UPDATE responses.response SET fence = 20, lease_until = NULL`);
  const service = await another();
  await runnerOf(service).run({ projectId: client.projectId, id }, never);
  // By whichever process has taken it.
  await eventually('it has failed', async () => (await client.get(id)).status === 'failed');
  expect(model.calls).toHaveLength(1);
  expect((await ended(id)).at(-1)?.type).toBe('response.failed');
});
