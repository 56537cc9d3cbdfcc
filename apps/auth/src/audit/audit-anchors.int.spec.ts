import type { ChangeContext } from '@xerotier/contracts/auth';
import { auditAnchored } from '@xerotier/contracts/auth';
import { withEveryTenant, withTenant } from '@xerotier/db';
import { capturedLog, silentLog } from '@xerotier/log/testing';
import { connectBus, lastEvents } from '@xerotier/nats';
import type { BusConnection } from '@xerotier/nats';
import { eventually } from '@xerotier/testing';
import { Writable } from 'node:stream';
import { masterKey, runningAuth } from '../../test/running-auth.ts';
import { AuditHead } from './audit-head.entity.ts';
import { AuditTrail } from './audit-trail.ts';
import { audit } from './audit.command.ts';
import { HeadSigner } from './head-signer.ts';

const auth = runningAuth({ env: () => ({ AUDIT_ANCHOR_SECONDS: '1' }) });
const trail = new AuditTrail(new HeadSigner(masterKey));
let connection: BusConnection;

beforeAll(async () => {
  connection = await connectBus({ url: auth.servers.nats.url, name: 'test', log: silentLog() });
});
afterAll(() => connection.nats.close());

async function add(projectId: string, name: string): Promise<AuditHead> {
  const context: ChangeContext = {
    ...{ projectId, actor: { kind: 'user', id: 'user_1' }, clientAddress: '203.0.113.7', requestId: 'req_1' },
  };
  const change = {
    action: 'project.updated',
    target: { type: 'project', id: projectId },
    before: null,
    after: { name },
  };
  return withTenant(auth.database, projectId, async (manager) => {
    await trail.add(manager, context, change);
    return manager.findOneByOrFail(AuditHead, { projectId });
  });
}

function anchored(projectId: string, sequence: number): Promise<unknown> {
  return eventually(`the head ${sequence} is anchored`, async () => {
    const anchors = await lastEvents(connection, auditAnchored);
    return anchors.some((anchor) => anchor.projectId === projectId && anchor.sequence === sequence);
  });
}

/** As a database that is restored together with its heads. */
async function rollBack(projectId: string, to: AuditHead): Promise<void> {
  await auth.database.transaction(async (manager) => {
    await manager.query("SET LOCAL session_replication_role = 'replica'");
    await manager.query('DELETE FROM auth.audit_event WHERE project_id = $1 AND sequence > $2', [
      projectId,
      to.sequence,
    ]);
  });
  await withEveryTenant(auth.database, (manager) => manager.update(AuditHead, { projectId }, to));
}

async function verify(...args: string[]): Promise<{ output: string; error: string }> {
  let output = '';
  const stdout = new Writable({
    write: (chunk, _, done) => {
      output += String(chunk);
      done();
    },
  });
  const { log } = capturedLog();
  const context = { service: 'auth', env: auth.env, stdin: process.stdin, stdout, stderr: stdout, log };
  const error = await audit.run(['verify', ...args], context).then(
    () => '',
    (thrown: unknown) => String(thrown),
  );
  return { output, error };
}

describe('the anchors of audit logs', () => {
  it('are the newest heads, and match what is only continued', async () => {
    const { id } = await auth.seed();
    await add(id, 'One');
    await anchored(id, 1);
    for (const name of ['Two', 'Three']) await add(id, name);
    await anchored(id, 3);
    expect((await verify('--anchors')).error).toBe('');
    expect(auth.logText()).not.toContain('differs from its anchor');
  });

  it('show a database that was restored together with its heads, which alone are valid', async () => {
    const { id } = await auth.seed();
    const first = await add(id, 'One');
    await add(id, 'Two');
    await anchored(id, 2);
    await rollBack(id, first);
    expect((await verify(id)).error).toBe('');
    const { output, error } = await verify('--anchors');
    expect(error).toContain('1 audit logs differ from their anchors');
    expect(output).toContain(
      JSON.stringify({ projectId: id, sequence: 2, reason: 'the log ends at 1, before its anchor' }),
    );
    await eventually(
      'the service reports it',
      () => auth.logText().includes('an audit log differs from its anchor'),
      10_000,
    );

    // Nor does it match when it has grown again, and its anchor is kept.
    for (const name of ['Other', 'Another']) await add(id, name);
    expect((await verify(id)).error).toBe('');
    expect((await verify('--anchors')).output).toContain('the event has another hash than the anchor');
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    const anchors = await lastEvents(connection, auditAnchored);
    expect(anchors.find(({ projectId }) => projectId === id)).toMatchObject({ sequence: 2 });
  });

  it('show a log whose events and head were removed', async () => {
    const { id } = await auth.seed();
    const head = await add(id, 'One');
    await anchored(id, 1);
    await rollBack(id, { ...head, sequence: 0 });
    await withEveryTenant(auth.database, (manager) => manager.delete(AuditHead, { projectId: id }));
    expect((await verify('--anchors')).output).toContain(
      JSON.stringify({ projectId: id, sequence: 1, reason: 'the log has no head' }),
    );
  });
});
