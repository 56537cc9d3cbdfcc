import type { ChangeContext } from '@xerotier/contracts/auth';
import { withEveryTenant } from '@xerotier/db';
import { AppError } from '@xerotier/errors';
import { IdempotencyKeys } from '@xerotier/idempotency';
import { MasterKeys, SecretBox } from '@xerotier/sealing';
import { randomBytes } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import { masterKey, runningAuth } from '../../test/running-auth.ts';
import type { AccessChange } from '../access/access-change.ts';
import { AuditTrail } from '../audit/audit-trail.ts';
import { HeadSigner } from '../audit/head-signer.ts';
import type { Change } from './changes.service.ts';
import { ChangesService } from './changes.service.ts';
import { ProjectEvents } from './project-events.ts';

const auth = runningAuth();

let announced: AccessChange[];
let changes: ChangesService;
let context: ChangeContext;

beforeEach(async () => {
  announced = [];
  changes = new ChangesService(
    auth.database,
    new IdempotencyKeys(new SecretBox(new MasterKeys(masterKey))),
    new AuditTrail(new HeadSigner(masterKey)),
    new ProjectEvents(),
    (change) => announced.push(change),
  );
  const { id } = await auth.seed();
  context = {
    projectId: id,
    actor: { kind: 'api_key', id: 'key_1' },
    clientAddress: '203.0.113.7',
    requestId: 'req_1',
  };
});

/** Renames the project, as an example of work. */
function rename(manager: EntityManager, name: string): Promise<Change<{ name: string; secret: string }>> {
  return manager.query('UPDATE auth.project SET name = $1 WHERE id = $2', [name, context.projectId]).then(() => ({
    result: { name, secret: randomBytes(8).toString('hex') },
    audited: {
      action: 'project.updated',
      target: { type: 'project', id: context.projectId },
      before: null,
      after: { name },
    },
    events: [{ type: 'project.updated', data: { name } }],
    access: {},
  }));
}

function run(
  name: string,
  idempotencyKey?: string,
  input: unknown = { name },
): Promise<{ name: string; secret: string }> {
  const keyed = idempotencyKey === undefined ? context : { ...context, idempotencyKey };
  return changes.run(keyed, 'renameProject', input, (manager) => rename(manager, name));
}

async function stored(): Promise<{ name: string; audited: number; keys: number }> {
  const [row] = await withEveryTenant(auth.database, (manager) =>
    manager.query<{ name: string; audited: string; keys: string }[]>(
      `SELECT name,
         (SELECT count(*) FROM auth.audit_event WHERE project_id = $1) AS audited,
         (SELECT count(*) FROM auth.idempotency_key WHERE project_id = $1) AS keys
       FROM auth.project WHERE id = $1`,
      [context.projectId],
    ),
  );
  return { name: row?.name ?? '', audited: Number(row?.audited), keys: Number(row?.keys) };
}

describe('run', () => {
  it('makes the change, audits it and announces it', async () => {
    expect(await run('Renamed')).toMatchObject({ name: 'Renamed' });
    expect(await stored()).toEqual({ name: 'Renamed', audited: 1, keys: 0 });
    expect(announced).toEqual([{ projectId: context.projectId }]);
  });

  it('leaves nothing behind when the work fails', async () => {
    const failing = changes.run({ ...context, idempotencyKey: 'k' }, 'renameProject', {}, async (manager) => {
      await rename(manager, 'Renamed');
      throw new AppError('api_key.inactive', { key: 'key_1' });
    });
    await expect(failing).rejects.toMatchObject({ code: 'api_key.inactive' });
    expect(await stored()).toEqual({ name: 'A project', audited: 0, keys: 0 });
    expect(announced).toEqual([]);
  });

  it('does not see rows of other projects', async () => {
    const other = await auth.seed();
    const crossing = changes.run(context, 'steal', {}, async (manager) => {
      const result = await manager.query<unknown>('SELECT id FROM auth.project WHERE id = $1', [other.id]);
      return { result };
    });
    expect(await crossing).toEqual([]);
  });
});

describe('an idempotency key', () => {
  it('makes repeated requests one change with one result', async () => {
    const first = await run('Renamed', 'k');
    expect(await run('Renamed', 'k')).toEqual(first);
    expect(await stored()).toEqual({ name: 'Renamed', audited: 1, keys: 1 });
    expect(announced).toHaveLength(1);
  });

  it('makes concurrent requests one change with one result', async () => {
    const results = await Promise.all(Array.from({ length: 10 }, () => run('Renamed', 'k')));
    expect(new Set(results.map(({ secret }) => secret)).size).toBe(1);
    expect(await stored()).toMatchObject({ audited: 1, keys: 1 });
  });

  it('is rejected for a change by someone else', async () => {
    await run('Renamed', 'k');
    const byOther = changes.run(
      { ...context, actor: { kind: 'api_key', id: 'key_2' }, idempotencyKey: 'k' },
      'renameProject',
      { name: 'Renamed' },
      (manager) => rename(manager, 'Renamed'),
    );
    await expect(byOther).rejects.toMatchObject({ code: 'idempotency.key_reused' });
    expect(await stored()).toMatchObject({ name: 'Renamed', audited: 1 });
  });
});
