/** Deletions by the retention of projects. The other side of the bus, auth, is a list. */
import { projectsContract } from '@xerotier/contracts/auth';
import type { ProjectRetention } from '@xerotier/contracts/auth';
import { responsesContract } from '@xerotier/contracts/responses';
import { AppError } from '@xerotier/errors';
import { silentLog } from '@xerotier/log/testing';
import { aSave, runningResponses } from '../../test/running-responses.ts';
import { ProjectRetentions } from '../retention/project-retentions.ts';
import { CompletionsPurge } from './completions-purge.ts';
import { CompletionsRepository } from './completions.repository.ts';

const DAY_MS = 86_400_000;
const running = runningResponses();
const { list } = responsesContract.operations;
let retentions: ProjectRetention[] | undefined;
let pageMax = 1_000;
let purge: CompletionsPurge;
let projectId: string;

beforeAll(async () => {
  const { listRetentions } = projectsContract.operations;
  running.bus.serve(
    { ...projectsContract, operations: { listRetentions } },
    {
      listRetentions: ({ after, limit }) => {
        if (retentions === undefined) throw new AppError('db.unavailable');
        const rest = retentions.filter((each) => after === undefined || each.projectId > after);
        const data = rest.slice(0, Math.min(limit, pageMax));
        return { data, hasMore: rest.length > data.length };
      },
    },
  );
  await running.bus.flush();
  const completions = new CompletionsRepository(running.database);
  purge = new CompletionsPurge(new ProjectRetentions(running.bus), completions, silentLog(), {
    retention: { purgeSeconds: 600 },
  });
});
beforeEach(() => {
  projectId = running.newProject();
  retentions = [];
  pageMax = 1_000;
});

const storedDaysAgo = async (days: number, project = projectId): Promise<string> =>
  (await running.save(aSave(project, {}, { createdAt: Date.now() - days * DAY_MS }))).id;

async function kept(project = projectId): Promise<string[]> {
  const { data } = await running.bus.call(list, { projectId: project, limit: 100, order: 'asc' });
  return data.map(({ id }) => id);
}

describe('the purge of completions', () => {
  it('deletes those that are older than the retention of their project, and no others', async () => {
    await storedDaysAgo(40);
    await storedDaysAgo(30.01);
    const recent = await storedDaysAgo(29.9);
    const forever = running.newProject();
    const ofForever = await storedDaysAgo(3_000, forever);
    retentions = [{ projectId, retentionDays: 30 }];
    expect(await purge.purge()).toBe(2);
    expect(await kept()).toEqual([recent]);
    expect(await kept(forever)).toEqual([ofForever]);
    expect(await purge.purge()).toBe(0);
  });

  it('uses the setting of now, for what was stored before too', async () => {
    const completion = await storedDaysAgo(10);
    retentions = [{ projectId, retentionDays: 11 }];
    expect(await purge.purge()).toBe(0);
    retentions = [{ projectId, retentionDays: 9 }];
    expect(await purge.purge()).toBe(1);
    expect(await kept()).not.toContain(completion);
  });

  it('deletes nothing without the settings', async () => {
    const completion = await storedDaysAgo(10);
    retentions = undefined;
    await expect(purge.purge()).rejects.toMatchObject({ code: 'db.unavailable' });
    expect(await kept()).toEqual([completion]);
  });

  it('covers all projects, whatever the size of a page and of a transaction', async () => {
    const projects = Array.from({ length: 5 }, () => running.newProject()).toSorted();
    for (const project of projects) for (const days of [2, 2, 2, 0]) await storedDaysAgo(days, project);
    retentions = projects.map((each) => ({ projectId: each, retentionDays: 1 }));
    pageMax = 2;
    expect(await purge.purge(2)).toBe(15);
    for (const project of projects) expect(await kept(project)).toHaveLength(1);
  });

  it('is made once by replicas at the same time', async () => {
    for (let i = 0; i < 10; i += 1) await storedDaysAgo(2);
    retentions = [{ projectId, retentionDays: 1 }];
    const purged = await Promise.all([purge.purge(3), purge.purge(3)]);
    expect(purged[0] + purged[1]).toBe(10);
    expect(await kept()).toEqual([]);
  });
});
