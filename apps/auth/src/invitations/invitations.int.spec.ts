import {
  accountEmailsContract,
  accountsContract,
  invitationsContract,
  membersContract,
} from '@xerotier/contracts/auth';
import type { InvitationRecord } from '@xerotier/contracts/auth';
import {
  contextOf,
  mailsTo,
  mailTo,
  newClientAddress,
  newEmail,
  ownedProject,
  registeredAccount,
} from '../../test/registered-account.ts';
import type { RegisteredAccount } from '../../test/registered-account.ts';
import { runningAuth } from '../../test/running-auth.ts';

const { operations } = invitationsContract;
const INVALID_TOKEN = { code: 'account.invalid_token' };
const auth = runningAuth();
let owner: RegisteredAccount;
let projectId: string;
let email: string;

beforeEach(async () => {
  owner = await registeredAccount(auth);
  projectId = await ownedProject(auth, owner.id);
  email = newEmail('invited');
});

function context(): ReturnType<typeof contextOf> {
  return { ...contextOf(projectId, owner.id), clientAddress: newClientAddress() };
}

function invite(to = email, role: 'owner' | 'member' = 'member'): Promise<InvitationRecord> {
  return auth.bus.call(operations.createInvitation, { context: context(), email: to, role });
}

function accept(accountId: string, tokenHash: string): Promise<unknown> {
  const client = { clientAddress: newClientAddress(), requestId: 'req_1' };
  return auth.bus.call(operations.acceptInvitation, { accountId, tokenHash, ...client });
}

async function memberIds(): Promise<string[]> {
  const { data } = await auth.bus.call(membersContract.operations.listMembers, { projectId, limit: 100, order: 'asc' });
  return data.map(({ accountId }) => accountId);
}

async function pendingIds(): Promise<string[]> {
  const page = { projectId, limit: 100, order: 'desc', includeInactive: false } as const;
  const { data } = await auth.bus.call(operations.listInvitations, page);
  return data.map(({ id }) => id);
}

/** Without the creation of the project. */
async function auditedChanges(): Promise<object[]> {
  return auth.database.query<object[]>(
    `SELECT action, target_id, before, after FROM auth.audit_event
     WHERE project_id = $1 AND action <> 'project.created' ORDER BY sequence`,
    [projectId],
  );
}

function invitationMail(count = 1): ReturnType<typeof mailTo> {
  return mailTo(auth, email, 'Invitation to the project "Team"', count);
}

describe('an account whose address is verified', () => {
  it('becomes a member at once, with a mail', async () => {
    const invited = await registeredAccount(auth, { email });
    const invitation = await invite(email.toUpperCase());
    expect(invitation).toMatchObject({ email, status: 'accepted', accountId: invited.id });
    expect(await memberIds()).toEqual([owner.id, invited.id]);
    await mailTo(auth, email, 'You were added to the project "Team"');
    await expect(invite()).rejects.toMatchObject({ code: 'member.exists' });
  });

  it('becomes an owner only by the link', async () => {
    const invited = await registeredAccount(auth, { email });
    expect(await invite(email, 'owner')).toMatchObject({ status: 'pending', accountId: null });
    expect(await memberIds()).toEqual([owner.id]);
    const { tokenHash } = await invitationMail();
    expect(await accept(invited.id, tokenHash)).toMatchObject({ id: projectId, role: 'owner' });
  });

  it('does not become one if it is disabled', async () => {
    const { id } = await registeredAccount(auth, { email });
    await auth.database.query('UPDATE auth.account SET disabled_at = now() WHERE id = $1', [id]);
    expect(await invite()).toMatchObject({ status: 'pending' });
  });
});

describe('an account whose address is not verified', () => {
  it('is no member until it presents the token', async () => {
    const invited = await registeredAccount(auth, { email, isVerified: false });
    expect(await invite()).toMatchObject({ status: 'pending', accountId: null });
    expect(await memberIds()).toEqual([owner.id]);
    const { tokenHash } = await invitationMail();
    expect(await accept(invited.id, tokenHash)).toMatchObject({ id: projectId, role: 'member' });
    expect(await memberIds()).toEqual([owner.id, invited.id]);
    const session = await auth.bus.call(accountsContract.operations.getSession, { tokenHash: invited.tokenHash });
    expect(session.account.emailVerifiedAt).not.toBeNull();
    await expect(accept(invited.id, tokenHash)).rejects.toMatchObject(INVALID_TOKEN);
  });

  it('becomes a member of all projects that have invited it when its address is verified', async () => {
    await invite();
    const invited = await registeredAccount(auth, { email, isVerified: false });
    expect(await memberIds()).toEqual([owner.id]);
    const { tokenHash } = await mailTo(auth, email, 'Verify your e-mail address');
    const client = { clientAddress: newClientAddress(), requestId: 'req_1' };
    const input = { accountId: invited.id, tokenHash, ...client };
    await auth.bus.call(accountEmailsContract.operations.verifyEmail, input);
    expect(await memberIds()).toEqual([owner.id, invited.id]);
    expect(await pendingIds()).toEqual([]);
  });

  it('becomes no owner when its address is verified', async () => {
    const invitation = await invite(email, 'owner');
    const invited = await registeredAccount(auth, { email, isVerified: false });
    const { tokenHash } = await mailTo(auth, email, 'Verify your e-mail address');
    const client = { clientAddress: newClientAddress(), requestId: 'req_1' };
    await auth.bus.call(accountEmailsContract.operations.verifyEmail, { accountId: invited.id, tokenHash, ...client });
    expect(await memberIds()).toEqual([owner.id]);
    expect(await pendingIds()).toEqual([invitation.id]);
  });
});

describe('a pending invitation', () => {
  it('is accepted once by concurrent requests', async () => {
    await invite(email, 'owner');
    const { tokenHash } = await invitationMail();
    const invited = await registeredAccount(auth, { email, isVerified: false });
    const results = await Promise.allSettled(Array.from({ length: 5 }, () => accept(invited.id, tokenHash)));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const members = await auth.database.query<unknown[]>('SELECT role FROM auth.member WHERE account_id = $1', [
      invited.id,
    ]);
    expect(members).toEqual([{ role: 'owner' }]);
  });

  it('is for the account of its address only', async () => {
    await invite();
    const { tokenHash } = await invitationMail();
    const other = await registeredAccount(auth);
    await expect(accept(other.id, tokenHash)).rejects.toMatchObject({ code: 'invitation.other_account' });
    expect(await memberIds()).toEqual([owner.id]);
  });

  it('cannot be accepted when it is revoked, replaced or expired', async () => {
    const first = await invite();
    const { tokenHash: replaced } = await invitationMail();
    const second = await invite();
    expect(await pendingIds()).toEqual([second.id]);
    const { tokenHash: revoked } = await invitationMail(2);
    const input = { context: context(), invitationId: second.id };
    expect(await auth.bus.call(operations.revokeInvitation, input)).toMatchObject({ status: 'revoked' });
    expect(await auth.bus.call(operations.revokeInvitation, input)).toMatchObject({ status: 'revoked' });
    await invite();
    const { tokenHash: expired } = await invitationMail(3);
    await auth.database.query('UPDATE auth.invitation SET expires_at = now() WHERE project_id = $1', [projectId]);
    const { id } = await registeredAccount(auth, { email, isVerified: false });
    for (const tokenHash of [replaced, revoked, expired, '0'.repeat(64)])
      await expect(accept(id, tokenHash)).rejects.toMatchObject(INVALID_TOKEN);
    expect(await memberIds()).toEqual([owner.id]);
    const all = await auth.bus.call(operations.listInvitations, {
      ...({ projectId, limit: 10, order: 'asc', includeInactive: true } as const),
    });
    expect(all.data.map(({ status }) => status)).toEqual(['revoked', 'revoked', 'expired']);
    expect(all.data[0]?.id).toBe(first.id);
  });

  it('of another project is not found', async () => {
    const { id: invitationId } = await invite();
    const otherProject = await ownedProject(auth, owner.id);
    const input = { context: contextOf(otherProject, owner.id), invitationId };
    await expect(auth.bus.call(operations.revokeInvitation, input)).rejects.toMatchObject({
      code: 'invitation.not_found',
    });
  });

  it('cannot be revoked when it was accepted', async () => {
    await registeredAccount(auth, { email });
    const { id: invitationId } = await invite();
    const input = { context: context(), invitationId };
    await expect(auth.bus.call(operations.revokeInvitation, input)).rejects.toMatchObject({
      code: 'invitation.inactive',
    });
  });
});

describe('the audit log', () => {
  it('has every change of an invitation, also its replacement', async () => {
    const replaced = await invite();
    await invitationMail(); // both mails could be sent at once, in any order
    const { id } = await registeredAccount(auth, { email, isVerified: false });
    await invite(email, 'owner');
    await accept(id, (await invitationMail(2)).tokenHash);
    expect(await auditedChanges()).toMatchObject([
      { action: 'invitation.created', target_id: replaced.id },
      {
        ...{ action: 'invitation.revoked', target_id: replaced.id },
        ...{ before: { status: 'pending' }, after: { status: 'revoked' } },
      },
      { action: 'invitation.created', after: { status: 'pending', role: 'owner' } },
      { action: 'invitation.accepted', before: { status: 'pending' }, after: { status: 'accepted' } },
      { action: 'member.added' },
    ]);
  });

  it('has the pending invitation that a membership replaces', async () => {
    const { id: pending } = await invite(email, 'owner');
    await registeredAccount(auth, { email });
    const { id: direct } = await invite();
    expect(await auditedChanges()).toMatchObject([
      { action: 'invitation.created', target_id: pending },
      { action: 'invitation.revoked', target_id: pending },
      { action: 'invitation.created', target_id: direct, after: { status: 'accepted' } },
      { action: 'member.added', after: { invitation: direct } },
    ]);
  });
});

describe('limits', () => {
  it('bound the pending invitations of a project', async () => {
    await auth.database.query(
      `INSERT INTO auth.invitation (id, project_id, email, role, expires_at)
       SELECT 'inv_' || lpad(to_hex(i), 12, '0') || right(md5($1), 12), $1, 'p' || i || '@example.com', 'member', now() + interval '1 day'
       FROM generate_series(1, 100) AS i`,
      [projectId],
    );
    await expect(invite()).rejects.toMatchObject({ code: 'invitation.too_many' });
    await expect(invite('p7@example.com')).resolves.toMatchObject({ status: 'pending' });
  });

  it('bound the mails to one address', async () => {
    for (let i = 0; i < 10; i++) await invite();
    await expect(invite()).rejects.toMatchObject({ code: 'account.too_many_attempts' });
  });

  it('do not count a request that is repeated with its idempotency key', async () => {
    const once = { ...context(), idempotencyKey: 'once' };
    const invitations = [];
    for (let i = 0; i < 12; i++)
      invitations.push(await auth.bus.call(operations.createInvitation, { context: once, email, role: 'member' }));
    expect(new Set(invitations.map(({ id }) => id)).size).toBe(1);
    await expect(invite()).resolves.toMatchObject({ status: 'pending' });
  });
});

it('stores no token, and logs none', async () => {
  await invite();
  const { text } = await invitationMail();
  const token = /#token=([\w-]+)/.exec(text)?.[1] ?? '';
  expect(token).toHaveLength(43);
  expect(auth.logText()).not.toContain(token);
  expect(text).toContain('http://127.0.0.1:8080/accept-invitation#token=');
  expect(await mailsTo(auth, email)).toHaveLength(1);
});
