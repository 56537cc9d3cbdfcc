import { auditContract, spendCapsContract, SYSTEM_LOG_ID } from '@xerotier/contracts/auth';
import type { ChangeContext } from '@xerotier/contracts/auth';
import { withTenant } from '@xerotier/db';
import { ownedProject, registeredAccount } from '../../test/registered-account.ts';
import { masterKey, runningAuth } from '../../test/running-auth.ts';
import { AuditLogService } from './audit-log.service.ts';
import type { AuditInput, AuditOutput } from './audit-log.service.ts';
import { AuditTrail } from './audit-trail.ts';
import { HeadSigner } from './head-signer.ts';

const { operations } = auditContract;
const auth = runningAuth();
const trail = new AuditTrail(new HeadSigner(masterKey));
const EVENTS = 5;

let context: ChangeContext;
let log: AuditLogService;

beforeEach(async () => {
  log = auth.service.nest.get(AuditLogService, { strict: false });
  const { id } = await auth.seed();
  context = {
    projectId: id,
    actor: { kind: 'user', id: 'user_1' },
    clientAddress: '203.0.113.7',
    requestId: `req_${'0'.repeat(32)}`,
  };
  for (let at = 1; at <= EVENTS; at += 1) await add(`Name ${at}`);
});

function add(name: string, action = 'project.updated'): Promise<void> {
  const target = { type: 'project', id: context.projectId };
  return withTenant(auth.database, context.projectId, (manager) =>
    trail.add(manager, context, { action, target, before: null, after: { name } }),
  );
}

function list(input: Partial<AuditInput<'listAuditEvents'>> = {}): Promise<AuditOutput<'listAuditEvents'>> {
  return auth.bus.call(operations.listAuditEvents, {
    ...{ projectId: context.projectId, limit: 100, order: 'asc' },
    ...input,
  });
}

const sequencesOf = ({ data }: AuditOutput<'listAuditEvents'>): number[] => data.map(({ sequence }) => sequence);

describe('the list of audit events', () => {
  it('has pages in both orders', async () => {
    const first = await list({ limit: 2 });
    expect(sequencesOf(first)).toEqual([1, 2]);
    expect(first.hasMore).toBe(true);
    expect(sequencesOf(await list({ limit: 2, after: first.data[1]?.id }))).toEqual([3, 4]);
    const newest = await list({ limit: 2, order: 'desc' });
    expect(sequencesOf(newest)).toEqual([5, 4]);
    const rest = await list({ order: 'desc', after: newest.data[1]?.id });
    expect(sequencesOf(rest)).toEqual([3, 2, 1]);
    expect(rest.hasMore).toBe(false);
  });

  it('has fewer events per page if they are large, so that a page fits into a message', async () => {
    for (let at = 6; at <= 25; at += 1) await add('x'.repeat(60_000));
    const sequences: number[] = [];
    for (let after: string | undefined; ;) {
      const page = await list({ after });
      sequences.push(...sequencesOf(page));
      after = page.data.at(-1)?.id;
      if (!page.hasMore) break;
    }
    expect(sequences).toEqual(Array.from({ length: 25 }, (_, at) => at + 1));
  });

  it('is filtered by action, actor and target, within pages', async () => {
    await add('Name 6', 'project.archived');
    expect(sequencesOf(await list({ action: 'project.archived' }))).toEqual([6]);
    expect(sequencesOf(await list({ actorId: 'user_2' }))).toEqual([]);
    expect(sequencesOf(await list({ targetId: context.projectId, limit: 2, order: 'desc' }))).toEqual([6, 5]);
    const { data } = await list({ limit: 4 });
    const after = { after: data.at(-1)?.id };
    expect(sequencesOf(await list({ ...after, action: 'project.updated', actorId: 'user_1' }))).toEqual([5]);
  });

  it('has nothing of another project, whose cursor is unknown', async () => {
    const other = await auth.seed();
    const { data } = await list();
    await expect(list({ projectId: other.id })).resolves.toEqual({ data: [], hasMore: false });
    await expect(list({ projectId: other.id, after: data[0]?.id })).rejects.toMatchObject({
      code: 'list.unknown_cursor',
    });
    await expect(auth.bus.call(operations.getAuditHead, { projectId: other.id })).resolves.toEqual({ head: null });
  });
});

describe('verification', () => {
  it('accepts the log, and one without events', async () => {
    const empty = await auth.seed();
    const { projectId } = context;
    await expect(log.verify(projectId)).resolves.toEqual({ projectId, events: EVENTS });
    await expect(log.verify(empty.id)).resolves.toEqual({
      ...{ projectId: empty.id, events: 0 },
      note: expect.stringContaining('no log'),
    });
  });

  it('accepts a log to which events are added meanwhile', async () => {
    const adding = (async () => {
      for (let at = 0; at < 20; at += 1) await add(`More ${at}`);
    })();
    for (let at = 0; at < 5; at += 1) expect(await log.verify(context.projectId)).not.toHaveProperty('problem');
    await adding;
    await expect(log.verify(context.projectId)).resolves.toMatchObject({ events: EVENTS + 20 });
  });

  /** A superuser can disable what protects the rows. */
  async function tamper(sql: string): Promise<void> {
    const runner = auth.database.createQueryRunner();
    try {
      await runner.startTransaction();
      await runner.query('ALTER TABLE auth.audit_event DISABLE TRIGGER USER');
      await runner.query(sql, [context.projectId]);
      await runner.query('ALTER TABLE auth.audit_event ENABLE TRIGGER USER');
      await runner.commitTransaction();
    } finally {
      await runner.release();
    }
  }

  describe('of a log that was removed together with its head', () => {
    async function remove(projectId: string): Promise<void> {
      context = { ...context, projectId };
      await tamper('DELETE FROM auth.audit_event WHERE project_id = $1');
      await tamper('DELETE FROM auth.audit_head WHERE project_id = $1');
    }

    it('reports a project that was created by an account', async () => {
      const projectId = await ownedProject(auth, (await registeredAccount(auth)).id);
      await expect(log.verify(projectId)).resolves.toEqual({ projectId, events: 1 });
      await remove(projectId);
      await expect(log.verify(projectId)).resolves.toEqual({
        ...{ projectId, events: 0 },
        problem: { sequence: 0, reason: 'there is no log, but there are changes: members' },
      });
    });

    it('reports a seeded project whose settings were changed', async () => {
      const { projectId } = context;
      await auth.bus.call(spendCapsContract.operations.setSpendCap, { context, capMicros: 7 });
      await remove(projectId);
      await expect(log.verify(projectId)).resolves.toMatchObject({
        problem: { reason: 'there is no log, but there are changes: a spend cap' },
      });
    });

    it('reports the platform, if it has operators', async () => {
      await expect(log.verify(SYSTEM_LOG_ID)).resolves.toMatchObject({ note: expect.stringContaining('no log') });
      const { id } = await registeredAccount(auth);
      await auth.database.query("UPDATE auth.account SET system_role = 'admin' WHERE id = $1", [id]);
      await expect(log.verify(SYSTEM_LOG_ID)).resolves.toMatchObject({
        problem: { reason: 'there is no log, but there are changes: operators' },
      });
    });
  });

  it.each([
    ['an update', `UPDATE auth.audit_event SET actor_id = 'user_2' WHERE project_id = $1 AND sequence = 3`, 3],
    ['a deletion', 'DELETE FROM auth.audit_event WHERE project_id = $1 AND sequence = 3', 4],
    ['a deletion of the end', 'DELETE FROM auth.audit_event WHERE project_id = $1 AND sequence > 3', 0],
    ['a deletion of everything', 'DELETE FROM auth.audit_event WHERE project_id = $1', 0],
    ['a deletion of the head', 'DELETE FROM auth.audit_head WHERE project_id = $1', 0],
    [
      'reordering',
      `UPDATE auth.audit_event SET sequence = CASE sequence WHEN 2 THEN 1003 WHEN 3 THEN 2 ELSE sequence END
       WHERE project_id = $1 AND sequence IN (2, 3)`,
      2,
    ],
  ])('detects %s by a superuser', async (_name, sql, sequence) => {
    await tamper(sql);
    const { problem } = await log.verify(context.projectId);
    expect(problem).toMatchObject({ sequence });
  });
});
