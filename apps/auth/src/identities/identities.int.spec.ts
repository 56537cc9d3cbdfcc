import { accountsContract, identitiesContract, secondFactorContract } from '@xerotier/contracts/auth';
import type { IdentityRecord } from '@xerotier/contracts/auth';
import { GithubServer } from '@xerotier/testing/identity-providers';
import { Secret, TOTP } from 'otpauth';
import { beginLink, callbackOf, complete, signedIn, signInBy } from '../../test/provider-flows.ts';
import { mailTo, newClientAddress, newEmail, newTokenHash, registeredAccount } from '../../test/registered-account.ts';
import type { RegisteredAccount } from '../../test/registered-account.ts';
import { runningAuth } from '../../test/running-auth.ts';

const PASSWORD = 'correct horse battery staple';
const { operations } = identitiesContract;
const github = new GithubServer();
beforeAll(() => github.start());
afterAll(() => github.stop());
const auth = runningAuth({ env: () => github.env });
let email: string;

beforeEach(() => {
  email = newEmail();
});

async function identitiesOf(accountId: string): Promise<IdentityRecord[]> {
  return (await auth.bus.call(operations.listIdentities, { accountId })).data;
}

function remove(accountId: string): Promise<unknown> {
  return auth.bus.call(operations.deleteIdentity, { accountId, provider: 'github' });
}

async function link({ id, tokenHash }: RegisteredAccount, user: number): Promise<unknown> {
  const begun = await beginLink(auth, 'github', id, PASSWORD);
  return complete(auth, await callbackOf(begun, 'github', user), { currentTokenHash: tokenHash });
}

describe('linking', () => {
  it('makes an account with the same, or another, address sign in by the provider', async () => {
    const account = await registeredAccount(auth, { email });
    const user = github.addUser(newEmail('work'));
    expect(await link(account, user.id)).toEqual({ kind: 'linked', accountId: account.id, returnTo: '/account' });
    expect(await identitiesOf(account.id)).toEqual([
      { provider: 'github', email: user.emails[1]?.email, createdAt: expect.any(Number) },
    ]);
    expect(signedIn(await signInBy(auth, 'github', user.id)).account.id).toBe(account.id);
    expect((await mailTo(auth, email, 'A way to sign in was added')).text).toContain('GitHub');
    // Again: it stays as it is.
    await expect(link(account, user.id)).resolves.toMatchObject({ kind: 'linked' });
    expect(await identitiesOf(account.id)).toHaveLength(1);
  });

  it('needs the password, and a wrong one counts as a failed sign-in', async () => {
    const { id } = await registeredAccount(auth, { email });
    const WRONG = { code: 'account.invalid_credentials' };
    await expect(beginLink(auth, 'github', id)).rejects.toMatchObject(WRONG);
    const from = newClientAddress();
    for (let i = 0; i < 10; i++)
      await expect(beginLink(auth, 'github', id, 'a wrong password', from)).rejects.toMatchObject(WRONG);
    const rejection = { code: 'account.too_many_attempts' };
    await expect(beginLink(auth, 'github', id, PASSWORD, from)).rejects.toMatchObject(rejection);
  });

  it('needs a verified address, since whoever registers with the address of somebody else must not keep a way in', async () => {
    const { id } = await registeredAccount(auth, { email, isVerified: false });
    const NOT_VERIFIED = { code: 'account.email_not_verified' };
    await expect(beginLink(auth, 'github', id, PASSWORD)).rejects.toMatchObject(NOT_VERIFIED);
  });

  it('needs a session of the account that has begun it', async () => {
    const account = await registeredAccount(auth, { email });
    const other = await registeredAccount(auth);
    const user = github.addUser(newEmail());
    for (const currentTokenHash of [undefined, other.tokenHash, newTokenHash()]) {
      const callback = await callbackOf(await beginLink(auth, 'github', account.id, PASSWORD), 'github', user.id);
      const values = currentTokenHash === undefined ? {} : { currentTokenHash };
      await expect(complete(auth, callback, values)).rejects.toMatchObject({ code: 'session.invalid' });
    }
    expect([await identitiesOf(account.id), await identitiesOf(other.id)]).toEqual([[], []]);
  });

  it('of an identity of another account, or of a second one, is rejected', async () => {
    const user = github.addUser(newEmail());
    await signInBy(auth, 'github', user.id);
    const account = await registeredAccount(auth, { email });
    await expect(link(account, user.id)).rejects.toMatchObject({ code: 'identity.in_use' });
    await link(account, github.addUser(newEmail()).id);
    const second = link(account, github.addUser(newEmail()).id);
    await expect(second).rejects.toMatchObject({ code: 'identity.linked_already' });
  });
});

describe('removing', () => {
  it('ends sign-ins by the identity, which is told by mail', async () => {
    const account = await registeredAccount(auth, { email });
    const user = github.addUser(newEmail());
    await link(account, user.id);
    expect(await remove(account.id)).toEqual({});
    expect(await identitiesOf(account.id)).toEqual([]);
    await mailTo(auth, email, 'A way to sign in was removed');
    expect(signedIn(await signInBy(auth, 'github', user.id)).account.id).not.toBe(account.id);
    await expect(remove(account.id)).rejects.toMatchObject({ code: 'identity.not_found' });
  });

  it('of the last way to sign in is rejected', async () => {
    const { account } = signedIn(await signInBy(auth, 'github', github.addUser(email).id));
    const LAST = { code: 'identity.last_way' };
    await expect(remove(account.id)).rejects.toMatchObject(LAST);
    // Another issuer that is not configured is no way to sign in.
    await auth.database.query(
      "INSERT INTO auth.account_identity (issuer, subject, provider, account_id) VALUES ('https://old.test', '1', 'oidc', $1)",
      [account.id],
    );
    await expect(remove(account.id)).rejects.toMatchObject(LAST);
    await auth.database.query("UPDATE auth.account SET password_hash = 'x' WHERE id = $1", [account.id]);
    expect(await remove(account.id)).toEqual({});
  });
});

describe('an account with a second factor', () => {
  async function withSecondFactor(): Promise<{ id: string; secret: string; user: number }> {
    const { account } = signedIn(await signInBy(auth, 'github', github.addUser(email).id));
    const client = { accountId: account.id, clientAddress: newClientAddress() };
    const { secret } = await auth.bus.call(secondFactorContract.operations.beginTotp, client);
    const { data } = await auth.bus.call(accountsContract.operations.listSessions, { accountId: account.id });
    const confirmation = { ...client, sessionId: data[0]?.id ?? '', code: codeOf(secret) };
    await auth.bus.call(secondFactorContract.operations.confirmTotp, confirmation);
    await auth.database.query('UPDATE auth.totp SET last_step = 0 WHERE account_id = $1', [account.id]);
    return { id: account.id, secret, user: [...github.users.keys()].at(-1) ?? 0 };
  }

  function codeOf(secret: string): string {
    return TOTP.generate({ secret: Secret.fromBase32(secret) });
  }

  async function pendingOf(user: number): Promise<string> {
    const completed = await signInBy(auth, 'github', user);
    if (completed.kind !== 'second_factor_required') throw new Error(completed.kind);
    return completed.pending;
  }

  function completePending(pending: string, code: string): Promise<{ account: { id: string } }> {
    return auth.bus.call(operations.completePendingSignIn, {
      ...{ pending, code, tokenHash: newTokenHash(), clientAddress: newClientAddress(), userAgent: 'tests' },
    });
  }

  it('needs a code after the provider', async () => {
    const { id, secret, user } = await withSecondFactor();
    const pending = await pendingOf(user);
    await expect(completePending(pending, '000000')).rejects.toMatchObject({ code: 'account.invalid_code' });
    const code = codeOf(secret);
    expect((await completePending(pending, code)).account.id).toBe(id);
    await expect(completePending(pending, code)).rejects.toMatchObject({ code: 'account.invalid_code' });
  });

  it('limits wrong codes of an account', async () => {
    const { secret, user } = await withSecondFactor();
    const pending = await pendingOf(user);
    for (let i = 0; i < 10; i++)
      await expect(completePending(pending, '000000')).rejects.toMatchObject({ code: 'account.invalid_code' });
    await expect(completePending(pending, codeOf(secret))).rejects.toMatchObject({ code: 'account.too_many_attempts' });
  });

  it('cannot sign in with what belongs to another step, or when the identity was removed or the account disabled', async () => {
    const { id, secret, user } = await withSecondFactor();
    const FAILED = { code: 'identity.sign_in_failed' };
    const { flow } = await auth.bus.call(operations.beginProviderSignIn, { provider: 'github', returnTo: '/' });
    await expect(completePending(flow, codeOf(secret))).rejects.toMatchObject(FAILED);
    const pending = await pendingOf(user);
    await auth.database.query('UPDATE auth.account SET disabled_at = now() WHERE id = $1', [id]);
    await expect(completePending(pending, codeOf(secret))).rejects.toMatchObject({ code: 'account.disabled' });
    await auth.database.query('DELETE FROM auth.account_identity WHERE account_id = $1', [id]);
    await expect(completePending(pending, codeOf(secret))).rejects.toMatchObject(FAILED);
  });
});
