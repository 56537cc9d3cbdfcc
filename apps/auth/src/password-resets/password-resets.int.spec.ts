import { accountEmailsContract, accountsContract } from '@xerotier/contracts/auth';
import {
  mailsTo,
  mailTo,
  newClientAddress,
  newEmail,
  newTokenHash,
  registeredAccount,
} from '../../test/registered-account.ts';
import { runningAuth } from '../../test/running-auth.ts';

const { operations } = accountEmailsContract;
const PASSWORD = 'correct horse battery staple';
const NEW_PASSWORD = 'another horse';
const INVALID_TOKEN = { code: 'account.invalid_token' };
const SUBJECT = 'Choose a new password';
const auth = runningAuth();
let email: string;

beforeEach(() => {
  email = newEmail();
});

function client(): { clientAddress: string; requestId: string } {
  return { clientAddress: newClientAddress(), requestId: 'req_1' };
}

function request(to = email): Promise<unknown> {
  return auth.bus.call(operations.requestPasswordReset, { email: to, clientAddress: newClientAddress() });
}

function reset(tokenHash: string, newPassword = NEW_PASSWORD): Promise<unknown> {
  return auth.bus.call(operations.resetPassword, { tokenHash, newPassword, ...client() });
}

function signIn(password: string): Promise<unknown> {
  const session = { tokenHash: newTokenHash(), clientAddress: newClientAddress(), userAgent: 'tests' };
  return auth.bus.call(accountsContract.operations.signIn, { email, password, ...session });
}

async function requestedToken(count = 1): Promise<string> {
  await request();
  return (await mailTo(auth, email, SUBJECT, count)).tokenHash;
}

describe('a password reset', () => {
  it('replaces the password, ends all sessions, verifies the address, and begins no session', async () => {
    const account = await registeredAccount(auth, { email, isVerified: false });
    await request(email.toUpperCase());
    const { tokenHash } = await mailTo(auth, email, SUBJECT);
    expect(await reset(tokenHash)).toEqual({});
    await expect(
      auth.bus.call(accountsContract.operations.getSession, { tokenHash: account.tokenHash }),
    ).rejects.toMatchObject({ code: 'session.invalid' });
    await expect(signIn(PASSWORD)).rejects.toMatchObject({ code: 'account.invalid_credentials' });
    const { data } = await auth.bus.call(accountsContract.operations.listSessions, { accountId: account.id });
    expect(data).toEqual([]);
    expect(await signIn(NEW_PASSWORD)).toMatchObject({ account: { emailVerifiedAt: expect.any(Number) } });
    await mailTo(auth, email, 'Your password was changed');
    expect(auth.logText()).not.toContain(NEW_PASSWORD);
  });

  it('works once, also for concurrent requests', async () => {
    await registeredAccount(auth, { email });
    const tokenHash = await requestedToken();
    const attempts = Array.from({ length: 4 }, (_, i) => reset(tokenHash, `new password ${i}`));
    const results = await Promise.allSettled(attempts);
    const winners = results.flatMap(({ status }, i) => (status === 'fulfilled' ? [i] : []));
    expect(winners).toHaveLength(1);
    await expect(signIn(`new password ${winners[0]}`)).resolves.toBeDefined();
    await expect(reset(tokenHash)).rejects.toMatchObject(INVALID_TOKEN);
  });

  it('works with the last link only, until that expires', async () => {
    const { id } = await registeredAccount(auth, { email });
    const first = await requestedToken();
    const second = await requestedToken(2);
    await expect(reset(first)).rejects.toMatchObject(INVALID_TOKEN);
    await auth.database.query('UPDATE auth.one_time_token SET expires_at = now() WHERE subject = $1', [id]);
    await expect(reset(second)).rejects.toMatchObject(INVALID_TOKEN);
    await expect(reset('0'.repeat(64))).rejects.toMatchObject(INVALID_TOKEN);
    await expect(signIn(PASSWORD)).resolves.toBeDefined();
  });

  it('does not work with a link of another kind', async () => {
    const { id } = await registeredAccount(auth, { email, isVerified: false });
    const { tokenHash } = await mailTo(auth, email, 'Verify your e-mail address');
    await expect(reset(tokenHash)).rejects.toMatchObject(INVALID_TOKEN);
    const reused = { accountId: id, tokenHash: await requestedToken(), ...client() };
    await expect(auth.bus.call(operations.verifyEmail, reused)).rejects.toMatchObject(INVALID_TOKEN);
  });

  it('is the same response without an account, and sends nothing', async () => {
    expect(await request()).toEqual({});
    const disabled = newEmail('disabled');
    const { id } = await registeredAccount(auth, { email: disabled });
    await auth.database.query('UPDATE auth.account SET disabled_at = now() WHERE id = $1', [id]);
    expect(await request(disabled)).toEqual({});
    // A later message is sent, so that the earlier ones would have been.
    await registeredAccount(auth, { email });
    await requestedToken();
    expect(await mailsTo(auth, disabled)).toEqual([expect.objectContaining({ subject: 'Verify your e-mail address' })]);
    expect((await mailsTo(auth, email)).filter(({ subject }) => subject === SUBJECT)).toHaveLength(1);
  });

  it('admits sign-ins again that wrong passwords had blocked, from anywhere', async () => {
    await registeredAccount(auth, { email });
    await auth.database.query(
      `INSERT INTO auth.account_attempt (kind, email_hash, network, created_at)
       SELECT 'sign_in', sha256($1::bytea), 'network ' || i, now() FROM generate_series(1, 100) AS i`,
      [Buffer.from(email)],
    );
    await expect(signIn(PASSWORD)).rejects.toMatchObject({ code: 'account.too_many_attempts' });
    await reset(await requestedToken());
    await expect(signIn(NEW_PASSWORD)).resolves.toBeDefined();
  });

  it('is limited per address of the account, whether or not it exists', async () => {
    await registeredAccount(auth, { email });
    for (const to of [email, newEmail('unknown')]) {
      for (let i = 0; i < 10; i++) await request(to);
      await expect(request(to)).rejects.toMatchObject({ code: 'account.too_many_attempts' });
    }
  });
});

describe('the verification of an e-mail address', () => {
  it('can be requested again, and is of the account that it was sent to', async () => {
    const account = await registeredAccount(auth, { email, isVerified: false });
    const other = await registeredAccount(auth, { isVerified: false });
    const { tokenHash: first } = await mailTo(auth, email, 'Verify');
    const requested = { accountId: account.id, clientAddress: newClientAddress() };
    await auth.bus.call(operations.requestEmailVerification, requested);
    const { tokenHash } = await mailTo(auth, email, 'Verify', 2);
    const verify = (accountId: string, hash: string): Promise<unknown> =>
      auth.bus.call(operations.verifyEmail, { accountId, tokenHash: hash, ...client() });
    await expect(verify(account.id, first)).rejects.toMatchObject(INVALID_TOKEN);
    await expect(verify(other.id, tokenHash)).rejects.toMatchObject(INVALID_TOKEN);
    expect(await verify(account.id, tokenHash)).toMatchObject({ emailVerifiedAt: expect.any(Number) });
    await expect(verify(account.id, tokenHash)).rejects.toMatchObject(INVALID_TOKEN);
    await auth.bus.call(operations.requestEmailVerification, requested);
    const rows = await auth.database.query('SELECT FROM auth.one_time_token WHERE subject = $1 AND used_at IS NULL', [
      account.id,
    ]);
    expect(rows).toEqual([]);
  });
});
