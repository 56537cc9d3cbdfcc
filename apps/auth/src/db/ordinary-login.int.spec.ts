/** The service with a login that owns its schema and has no special privileges, as in production. */
import { apiKeysContract } from '@xerotier/contracts/auth';
import { eventually } from '@xerotier/testing';
import { DataSource } from 'typeorm';
import { runningAuth } from '../../test/running-auth.ts';
import { operatorContext } from '../changes/operator-context.ts';

const auth = runningAuth({ loginOf: ordinaryLogin });
let ownerUrl = '';

async function ordinaryLogin(superuserUrl: string): Promise<string> {
  const url = new URL(superuserUrl);
  const admin = await new DataSource({ type: 'postgres', url: superuserUrl }).initialize();
  await admin.query("CREATE ROLE ordinary LOGIN PASSWORD 'ordinary'");
  await admin.query(`GRANT CREATE ON DATABASE "${url.pathname.slice(1)}" TO ordinary`);
  await admin.destroy();
  url.username = 'ordinary';
  url.password = 'ordinary';
  ownerUrl = url.href;
  return ownerUrl;
}

describe('a login without special privileges', () => {
  it('serves, changes and audits projects', async () => {
    const project = await auth.seed();
    const { keyId } = await auth.authorize(project.key, project.id, 'chat');
    const context = { ...operatorContext(project.id), idempotencyKey: 'k' };
    const input = { context, keyId, graceSeconds: 0 };
    const { value } = await auth.bus.call(apiKeysContract.operations.rotateApiKey, input);
    expect(await auth.bus.call(apiKeysContract.operations.rotateApiKey, input)).toMatchObject({ value });
    await expect(auth.authorize(project.key, project.id)).rejects.toMatchObject({ code: 'auth.invalid_key' });
    expect((await auth.authorize(value, project.id)).keyId).toBe(keyId);
    const audited = await auth.database.query<{ actor_kind: string; action: string }[]>(
      'SELECT actor_kind, action FROM auth.audit_event WHERE project_id = $1',
      [project.id],
    );
    expect(audited).toEqual([{ actor_kind: 'operator', action: 'api_key.rotated' }]);
    await eventually('the event leaves the service', async () => {
      const rows = await auth.database.query<unknown[]>('SELECT FROM auth.outbox');
      return rows.length === 0;
    });
  });

  it('owns the tables, and yet reads and writes nothing without a tenant', async () => {
    await auth.seed();
    const owner = await new DataSource({ type: 'postgres', url: ownerUrl }).initialize();
    try {
      for (const table of ['project', 'endpoint', 'api_key', 'audit_event', 'audit_head', 'idempotency_key'])
        expect([table, await owner.query(`SELECT FROM auth.${table}`)]).toEqual([table, []]);
      expect(await owner.query("UPDATE auth.project SET name = 'changed' RETURNING id")).toEqual([[], 0]);
      expect(await owner.query('DELETE FROM auth.endpoint RETURNING id')).toEqual([[], 0]);
    } finally {
      await owner.destroy();
    }
  });
});
