import type { ChangeContext } from '@xerotier/contracts/auth';
import { withTenant } from '@xerotier/db';
import { masterKey, runningAuth } from '../../test/running-auth.ts';
import { AuditEvent } from './audit-event.entity.ts';
import { AuditHead } from './audit-head.entity.ts';
import { GENESIS, hashOf } from './audit-record.ts';
import type { AuditRecord } from './audit-record.ts';
import { AuditTrail } from './audit-trail.ts';
import { HeadSigner } from './head-signer.ts';

const auth = runningAuth();
const signer = new HeadSigner(masterKey);
const trail = new AuditTrail(signer);

let context: ChangeContext;

beforeEach(async () => {
  const { id } = await auth.seed();
  context = {
    projectId: id,
    actor: { kind: 'user', id: 'user_1' },
    clientAddress: '203.0.113.7',
    requestId: 'req_1',
  };
});

function add(name: string, within: ChangeContext = context): Promise<void> {
  const target = { type: 'project', id: within.projectId };
  // Nested and out of order, as PostgreSQL does not keep it.
  const after = { name, nested: { zero: 0, a: ['é', 1.5, null], longer: true } };
  return withTenant(auth.database, within.projectId, (manager) =>
    trail.add(manager, within, { action: 'project.updated', target, before: null, after }),
  );
}

function logOf(projectId: string): Promise<AuditEvent[]> {
  return withTenant(auth.database, projectId, (manager) => manager.find(AuditEvent, { order: { sequence: 'ASC' } }));
}

function headOf(projectId: string): Promise<AuditHead> {
  return withTenant(auth.database, projectId, (manager) => manager.findOneByOrFail(AuditHead, { projectId }));
}

function recordOf(row: AuditEvent): AuditRecord {
  return {
    ...row,
    actor: { kind: row.actorKind, id: row.actorId },
    target: { type: row.targetType, id: row.targetId },
    before: row.before as AuditRecord['before'],
    after: row.after as AuditRecord['after'],
  };
}

/** The hash of the last record, computed from the stored content of all of them. */
function chainOf(rows: readonly AuditEvent[]): Buffer {
  return rows.reduce<Buffer>((previous, row) => hashOf(recordOf(row), previous), GENESIS);
}

describe('the audit log of a project', () => {
  it('has no gaps or forks after concurrent changes', async () => {
    // As many at once as there are connections: on a slow machine, those that wait for one would fail.
    for (let wave = 0; wave < 5; wave += 1)
      await Promise.all(Array.from({ length: 10 }, (_, at) => add(`Name ${wave} ${at}`)));
    const rows = await logOf(context.projectId);
    expect(rows.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 50 }, (_, at) => at + 1));
    expect(rows.map(({ previousHash }) => previousHash)).toEqual([
      GENESIS,
      ...rows.slice(0, -1).map(({ hash }) => hash),
    ]);
    expect(chainOf(rows)).toEqual(rows.at(-1)?.hash);
  });

  it('has a signed head, which is its last record', async () => {
    await add('One');
    await add('Two');
    const { signature, ...head } = await headOf(context.projectId);
    expect(head).toEqual({ projectId: context.projectId, sequence: 2, hash: chainOf(await logOf(context.projectId)) });
    expect(signer.verify(head, signature)).toBe(true);
    expect(signer.verify({ ...head, sequence: 1 }, signature)).toBe(false);
  });

  it('does not continue that of another project', async () => {
    await add('One');
    const other = { ...context, projectId: (await auth.seed()).id };
    await add('Two', other);
    expect((await logOf(other.projectId)).map(({ sequence }) => sequence)).toEqual([1]);
    expect(await logOf(context.projectId)).toHaveLength(1);
  });

  it('does not contain a change that is rolled back', async () => {
    const failing = withTenant(auth.database, context.projectId, async (manager) => {
      const target = { type: 'project', id: context.projectId };
      await trail.add(manager, context, { action: 'project.updated', target, before: null, after: {} });
      throw new Error('failed');
    });
    await expect(failing).rejects.toThrow('failed');
    await add('One');
    expect((await logOf(context.projectId)).map(({ sequence }) => sequence)).toEqual([1]);
  });

  it.each([
    ["UPDATE auth.audit_event SET action = 'none'", 'append-only'],
    ['DELETE FROM auth.audit_event', 'append-only'],
    ['TRUNCATE auth.audit_event', 'append-only'],
  ])('rejects %s, also of a superuser', async (sql, message) => {
    await add('One');
    await expect(auth.database.query(sql)).rejects.toThrow(message);
    expect(await logOf(context.projectId)).toHaveLength(1);
  });

  it.each(["UPDATE auth.audit_event SET action = 'none'", 'DELETE FROM auth.audit_event'])(
    'rejects %s in a transaction of the project',
    async (sql) => {
      await add('One');
      const changing = withTenant(auth.database, context.projectId, (manager) => manager.query(sql));
      await expect(changing).rejects.toThrow('append-only');
    },
  );

  it('shows a change that bypassed the trigger', async () => {
    for (const name of ['One', 'Two', 'Three']) await add(name);
    const intact = await logOf(context.projectId);
    await auth.database.transaction(async (manager) => {
      await manager.query("SET LOCAL session_replication_role = 'replica'");
      await manager.query("UPDATE auth.audit_event SET actor_id = 'user_2' WHERE project_id = $1 AND sequence = 2", [
        context.projectId,
      ]);
    });
    expect(chainOf(intact)).toEqual(intact.at(-1)?.hash);
    const changed = await logOf(context.projectId);
    expect(chainOf(changed)).not.toEqual(changed.at(-1)?.hash);
  });
});
