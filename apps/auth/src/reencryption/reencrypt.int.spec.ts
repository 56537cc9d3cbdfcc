import { withEveryTenant } from '@xerotier/db';
import { idempotencyContext, IdempotencyKey } from '@xerotier/idempotency';
import { MasterKeys, SecretBox } from '@xerotier/sealing';
import { ServiceProgram } from '@xerotier/testing';
import { randomBytes, randomUUID } from 'node:crypto';
import { registeredAccount } from '../../test/registered-account.ts';
import { masterKey, runningAuth } from '../../test/running-auth.ts';
import { AuditTrail } from '../audit/audit-trail.ts';
import { AuditLogService } from '../audit/audit-log.service.ts';
import { HeadSigner } from '../audit/head-signer.ts';
import { mailContext } from '../mail/mail-queue.ts';
import { Mail } from '../mail/mail.entity.ts';
import { totpContext } from '../second-factor/second-factor-check.ts';
import { Totp } from '../second-factor/totp.entity.ts';
import { SEALED_COLUMNS } from './sealed-columns.ts';

/** Of the service, which becomes the previous one. */
const previous = masterKey;
const current = randomBytes(32);
const lost = randomBytes(32);

const auth = runningAuth();
let program: ServiceProgram;

beforeAll(async () => {
  program = await ServiceProgram.build('auth');
});
afterAll(() => program.remove());

beforeEach(async () => {
  await auth.database.query('DELETE FROM auth.idempotency_key');
  await auth.database.query('DELETE FROM auth.mail');
});

const boxOf = (...[key, ...older]: [Buffer, ...Buffer[]]): SecretBox => new SecretBox(new MasterKeys(key, ...older));

function env(keys: { readonly previous?: Buffer } = { previous }): NodeJS.ProcessEnv {
  return {
    ...auth.env,
    AUTH_MASTER_KEY: current.toString('hex'),
    ...(keys.previous !== undefined && { AUTH_MASTER_KEY_PREVIOUS: keys.previous.toString('hex') }),
  };
}

interface Report {
  readonly table: string;
  readonly renewed: number;
  readonly remaining: number;
  readonly unreadable: readonly string[];
}

async function reencrypt(
  keys?: Parameters<typeof env>[0],
): Promise<{ code: number | null; reports: Map<string, Report>; isPreviousKeyNeeded: boolean; stderr: string }> {
  const { code, stdout, stderr } = await program.start(['reencrypt'], env(keys)).ended;
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Report & { isPreviousKeyNeeded: boolean });
  const last = lines.pop();
  const reports = new Map(lines.map((report) => [report.table, report]));
  return { code, reports, isPreviousKeyNeeded: last?.isPreviousKeyNeeded ?? true, stderr };
}

/** Stored results of a project, sealed with this key. */
async function addResults(projectId: string, count: number, key = previous): Promise<void> {
  const box = boxOf(key);
  const rows = Array.from({ length: count }, () => {
    const name = randomUUID();
    const result = box.sealJson({ secret: name }, idempotencyContext(projectId, name));
    return { projectId, key: name, requestHash: Buffer.alloc(32), result };
  });
  await withEveryTenant(auth.database, async (manager) => {
    for (let at = 0; at < count; at += 500) await manager.insert(IdempotencyKey, rows.slice(at, at + 500));
  });
}

function storedResults(): Promise<IdempotencyKey[]> {
  return withEveryTenant(auth.database, (manager) => manager.find(IdempotencyKey));
}

/** How many results the key opens. */
async function opened(key: Buffer): Promise<number> {
  const box = boxOf(key);
  return (await storedResults()).filter((row) => {
    try {
      const value = box.openJson(row.result as Buffer, idempotencyContext(row.projectId, row.key));
      return JSON.stringify(value) === JSON.stringify({ secret: row.key });
    } catch {
      return false;
    }
  }).length;
}

describe('auth reencrypt', () => {
  it('renews values and heads, so that the current key alone suffices, and does nothing again', async () => {
    const { id } = await auth.seed();
    await addResults(id, 250);
    const mailId = randomUUID();
    const content = boxOf(previous).sealJson({ to: 'a' }, mailContext(mailId));
    // Not to be sent meanwhile.
    const nextAttemptAt = new Date(Date.now() + 3_600_000);
    await auth.database.manager.insert(Mail, { id: mailId, content, nextAttemptAt });
    const { id: accountId } = await registeredAccount(auth);
    const secret = boxOf(previous).sealJson('BASE32', totpContext(accountId));
    await auth.database.manager.insert(Totp, { accountId, secret });
    await aHeadOf(id);
    const first = await reencrypt();
    expect(first).toMatchObject({ code: 0, isPreviousKeyNeeded: false });
    expect(first.reports.get('auth.idempotency_key')).toMatchObject({ renewed: 250, remaining: 0, unreadable: [] });
    // One or more: the running service may not have sent the mail to the account yet.
    expect(first.reports.get('auth.mail')?.renewed).toBeGreaterThanOrEqual(1);
    expect(first.reports.get('auth.totp')).toMatchObject({ renewed: 1 });
    expect(first.reports.get('auth.audit_head')?.renewed).toBeGreaterThanOrEqual(1);
    expect(await opened(current)).toBe(250);
    const mail = await auth.database.manager.findOneByOrFail(Mail, { id: mailId });
    expect(boxOf(current).openJson(mail.content, mailContext(mailId))).toEqual({ to: 'a' });
    const totp = await auth.database.manager.findOneByOrFail(Totp, { accountId });
    expect(boxOf(current).openJson(totp.secret, totpContext(accountId))).toBe('BASE32');
    expect(await new AuditLogService(auth.database, new HeadSigner(current)).verify(id)).not.toHaveProperty('problem');
    const second = await reencrypt({});
    expect(second).toMatchObject({ code: 0, isPreviousKeyNeeded: false });
    expect([...second.reports.values()].filter(({ renewed }) => renewed > 0)).toEqual([]);
  });

  it('can be killed at any moment, and continues', async () => {
    const { id } = await auth.seed();
    const total = 4_000;
    await addResults(id, total);
    let killedInTheMiddle = 0;
    for (let attempt = 0; attempt < 10; attempt += 1) {
      const before = await renewedResults();
      const { child, ended } = program.start(['reencrypt'], env());
      while (child.exitCode === null && (await renewedResults()) === before);
      child.kill('SIGKILL');
      await ended;
      const done = await renewedResults();
      if (done < total) killedInTheMiddle += 1;
      // Every value is readable with one of the keys, whichever transaction was open.
      expect((await opened(current)) + (await opened(previous))).toBe(total);
      if (done === total || killedInTheMiddle === 3) break;
    }
    expect(killedInTheMiddle).toBeGreaterThan(0);
    expect(await reencrypt()).toMatchObject({ code: 0, isPreviousKeyNeeded: false });
    expect(await opened(current)).toBe(total);
  });

  it('names rows that neither key opens, and leaves them as they were', async () => {
    const { id } = await auth.seed();
    await addResults(id, 1, lost);
    const [row] = await storedResults();
    await addResults(id, 3);
    const modified = { projectId: id, key: 'modified', requestHash: Buffer.alloc(32) };
    const result = boxOf(previous).sealJson({}, idempotencyContext(id, 'another'));
    await withEveryTenant(auth.database, (manager) => manager.insert(IdempotencyKey, { ...modified, result }));
    const { code, reports, isPreviousKeyNeeded, stderr } = await reencrypt();
    expect({ code, isPreviousKeyNeeded }).toEqual({ code: 1, isPreviousKeyNeeded: true });
    const report = reports.get('auth.idempotency_key');
    expect(report).toMatchObject({ renewed: 3, remaining: 2 });
    expect(new Set(report?.unreadable)).toEqual(new Set([`${id} ${row?.key}`, `${id} modified`]));
    expect(stderr).toContain('with neither key');
    expect(await opened(lost)).toBe(1);
  });

  it('does not sign a head that was signed with neither key', async () => {
    const { id } = await auth.seed();
    await aHeadOf(id);
    await auth.database.query('UPDATE auth.audit_head SET sequence = 7 WHERE project_id = $1', [id]);
    const { code, reports } = await reencrypt();
    expect(code).toBe(1);
    expect(reports.get('auth.audit_head')?.unreadable).toContain(id);
    const log = new AuditLogService(auth.database, new HeadSigner(current, previous));
    expect((await log.verify(id)).problem?.reason).toContain('signature');
    await auth.database.query('DELETE FROM auth.audit_head WHERE project_id = $1', [id]);
  });

  it('covers every sealed column', async () => {
    const columns = await auth.database.query<{ name: string }[]>(
      `SELECT table_schema || '.' || table_name || '.' || column_name AS name FROM information_schema.columns
       WHERE table_schema = 'auth' AND data_type = 'bytea' AND column_name NOT LIKE '%hash' ORDER BY 1`,
    );
    const sealed = SEALED_COLUMNS.map(({ table, column }) => `${table}.${column}`);
    // Signatures are renewed too.
    expect(columns.map(({ name }) => name)).toEqual([...sealed, 'auth.audit_head.signature'].sort());
  });
});

async function renewedResults(): Promise<number> {
  const currentKeyId = boxOf(current).currentKeyId;
  return (await storedResults()).filter(({ result }) => result?.subarray(0, currentKeyId.length).equals(currentKeyId))
    .length;
}

/** An event of the project, so that it has a head. */
async function aHeadOf(projectId: string): Promise<void> {
  const context = { projectId, actor: { kind: 'user', id: 'user_1' }, clientAddress: '', requestId: 'req_1' } as const;
  const change = { action: 'project.updated', target: { type: 'project', id: projectId }, before: null, after: {} };
  await withEveryTenant(auth.database, (manager) =>
    new AuditTrail(new HeadSigner(previous)).add(manager, context, change),
  );
}
