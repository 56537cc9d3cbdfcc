import {
  accountEmailsContract,
  accountsContract,
  administrationContract,
  secondFactorContract,
} from '@xerotier/contracts/auth';
import type { ActiveSession, AdministeredAccount, SystemChangeContext } from '@xerotier/contracts/auth';
import { eventually } from '@xerotier/testing';
import { Secret, TOTP } from 'otpauth';
import {
  mailsTo,
  mailTo,
  newClientAddress,
  newEmail,
  newTokenHash,
  registeredAccount,
} from '../../test/registered-account.ts';
import { runningAuth } from '../../test/running-auth.ts';
import type { AccountsInput, AccountsOutput } from '../accounts/accounts.service.ts';

const PASSWORD = 'correct horse battery staple';
const WRONG = { code: 'account.invalid_credentials' };
const INVALID_CODE = { code: 'account.invalid_code' };
const REQUIRED = { code: 'account.second_factor_required' };
const NOT_ENABLED = { code: 'second_factor.not_enabled' };
const PERIOD_MS = 30_000;

const { operations } = secondFactorContract;
const accounts = accountsContract.operations;
const auth = runningAuth();
let email: string;

beforeEach(() => {
  email = newEmail();
});

/** @param steps from now. */
function codeOf(secret: string, steps = 0): string {
  return TOTP.generate({ secret: Secret.fromBase32(secret), timestamp: Date.now() + steps * PERIOD_MS });
}

interface Enabled {
  readonly id: string;
  readonly sessionId: string;
  readonly tokenHash: string;
  readonly secret: string;
  readonly recoveryCodes: readonly string[];
}

function client(accountId: string): { accountId: string; clientAddress: string } {
  return { accountId, clientAddress: newClientAddress() };
}

async function sessionOf(tokenHash: string): Promise<ActiveSession> {
  return auth.bus.call(accounts.getSession, { tokenHash });
}

async function begin(accountId: string): Promise<string> {
  const { secret } = await auth.bus.call(operations.beginTotp, { ...client(accountId), currentPassword: PASSWORD });
  return secret;
}

/** An account with a second factor. The code that enabled it counts as unused, so that tests need not wait for the next one. */
async function enabled(): Promise<Enabled> {
  const { id, tokenHash } = await registeredAccount(auth, { email });
  const { session } = await sessionOf(tokenHash);
  const secret = await begin(id);
  const input = { ...client(id), sessionId: session.id, code: codeOf(secret) };
  const { recoveryCodes } = await auth.bus.call(operations.confirmTotp, input);
  await auth.database.query('UPDATE auth.totp SET last_step = 0 WHERE account_id = $1', [id]);
  return { id, sessionId: session.id, tokenHash, secret, recoveryCodes };
}

function signIn(
  code: string | undefined,
  values: Partial<AccountsInput<'signIn'>> = {},
): Promise<AccountsOutput<'signIn'>> {
  return auth.bus.call(accounts.signIn, {
    ...{ email, password: PASSWORD, tokenHash: newTokenHash(), clientAddress: newClientAddress(), userAgent: 'tests' },
    ...(code !== undefined && { code }),
    ...values,
  });
}

/** Returns the new password. */
async function passwordReset(): Promise<string> {
  const { requestPasswordReset, resetPassword } = accountEmailsContract.operations;
  await auth.bus.call(requestPasswordReset, { email, clientAddress: newClientAddress() });
  const { tokenHash } = await mailTo(auth, email, 'Choose a new password');
  const newPassword = 'another horse';
  await auth.bus.call(resetPassword, { tokenHash, newPassword, clientAddress: newClientAddress(), requestId: 'req_1' });
  return newPassword;
}

async function failedAttempts(kind: 'sign_in' | 'second_factor'): Promise<number> {
  const rows = await auth.database.query<unknown[]>(
    'SELECT FROM auth.account_attempt WHERE kind = $2 AND email_hash = sha256($1::bytea)',
    [Buffer.from(email), kind],
  );
  return rows.length;
}

describe('enabling', () => {
  it('needs the password and a code, returns ten recovery codes, and ends other sessions', async () => {
    const { id, tokenHash } = await registeredAccount(auth, { email });
    const own = await sessionOf(tokenHash);
    expect(own.account.secondFactor).toBeUndefined();
    const other = newTokenHash();
    await signIn(undefined, { tokenHash: other });
    const secret = await begin(id);
    await expect(signIn(undefined)).resolves.toBeDefined();
    const confirm = { ...client(id), sessionId: own.session.id };
    await expect(auth.bus.call(operations.confirmTotp, { ...confirm, code: '000000' })).rejects.toMatchObject(
      INVALID_CODE,
    );
    const { recoveryCodes } = await auth.bus.call(operations.confirmTotp, { ...confirm, code: codeOf(secret) });
    expect(new Set(recoveryCodes).size).toBe(10);
    expect((await sessionOf(tokenHash)).account.secondFactor).toEqual({
      enabledAt: expect.any(Number),
      recoveryCodesLeft: 10,
    });
    await expect(sessionOf(other)).rejects.toMatchObject({ code: 'session.invalid' });
    await mailTo(auth, email, 'A second factor was enabled');
    await expect(begin(id)).rejects.toMatchObject({ code: 'second_factor.enabled' });
    await expect(auth.bus.call(operations.confirmTotp, { ...confirm, code: codeOf(secret, 1) })).rejects.toMatchObject({
      code: 'second_factor.enabled',
    });
  });

  it('stores neither the secret nor the codes, and logs none', async () => {
    const { id, secret, recoveryCodes } = await enabled();
    const rows = await auth.database.query<object[]>(
      `SELECT encode(secret, 'escape') AS text FROM auth.totp WHERE account_id = $1
       UNION ALL SELECT encode(hash, 'escape') FROM auth.recovery_code WHERE account_id = $1`,
      [id],
    );
    expect(rows).toHaveLength(11);
    const text = JSON.stringify(rows) + auth.logText() + JSON.stringify(await mailsTo(auth, email));
    for (const value of [secret, ...recoveryCodes]) expect(text).not.toContain(value);
  });

  it('without the password is rejected, unless the account has none', async () => {
    const { id } = await registeredAccount(auth, { email });
    await expect(auth.bus.call(operations.beginTotp, client(id))).rejects.toMatchObject(WRONG);
    expect(await failedAttempts('sign_in')).toBe(0);
    const guess = { ...client(id), currentPassword: 'a wrong password' };
    await expect(auth.bus.call(operations.beginTotp, guess)).rejects.toMatchObject(WRONG);
    expect(await failedAttempts('sign_in')).toBe(1);
    await auth.database.query('UPDATE auth.account SET password_hash = NULL WHERE id = $1', [id]);
    expect(await auth.bus.call(operations.beginTotp, client(id))).toMatchObject({
      uri: expect.stringContaining(encodeURIComponent(email)),
    });
  });

  it('works with the last secret only', async () => {
    const { id, tokenHash } = await registeredAccount(auth, { email });
    const { session } = await sessionOf(tokenHash);
    const confirm = (code: string): Promise<unknown> =>
      auth.bus.call(operations.confirmTotp, { ...client(id), sessionId: session.id, code });
    await expect(confirm('123456')).rejects.toMatchObject(NOT_ENABLED);
    const first = await begin(id);
    const second = await begin(id);
    await expect(confirm(codeOf(first))).rejects.toMatchObject(INVALID_CODE);
    await expect(confirm(codeOf(second))).resolves.toBeDefined();
  });

  it('happens once, also for concurrent requests', async () => {
    const { id, tokenHash } = await registeredAccount(auth, { email });
    const { session } = await sessionOf(tokenHash);
    const secret = await begin(id);
    const input = { ...client(id), sessionId: session.id, code: codeOf(secret) };
    const results = await Promise.allSettled(
      Array.from({ length: 4 }, () => auth.bus.call(operations.confirmTotp, input)),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });
});

describe('a reset by an operator', () => {
  const context: SystemChangeContext = {
    actor: { kind: 'user', id: `user_${'0'.repeat(24)}` },
    clientAddress: '203.0.113.7',
    requestId: 'req_1',
  };
  const reset = (accountId: string): Promise<AdministeredAccount> =>
    auth.bus.call(administrationContract.operations.resetSecondFactor, { context, accountId });
  const eventsOn = async (targetId: string): Promise<unknown[]> => {
    const page = { limit: 20, order: 'asc', targetId } as const;
    return (await auth.bus.call(administrationContract.operations.listSystemEvents, page)).data;
  };

  it('removes it with the recovery codes, ends all sessions, and is told by mail and the audit log', async () => {
    const { id, tokenHash } = await enabled();
    const account = await reset(id);
    expect(account).toMatchObject({ id, email });
    expect(account).not.toHaveProperty('secondFactor');
    await expect(sessionOf(tokenHash)).rejects.toMatchObject({ code: 'session.invalid' });
    expect(await auth.database.query('SELECT FROM auth.recovery_code WHERE account_id = $1', [id])).toEqual([]);
    expect((await mailTo(auth, email, 'The second factor was reset')).text).toContain('An operator');
    await expect(signIn(undefined)).resolves.toBeDefined();
    expect(await eventsOn(id)).toMatchObject([
      {
        ...{ projectId: 'system', action: 'account.second_factor_reset', actor: context.actor },
        before: { secondFactor: { recoveryCodesLeft: 10 } },
        after: { id },
      },
    ]);
  });

  it('of an account without one, or that does not exist, is not found and changes nothing', async () => {
    const { id, tokenHash } = await registeredAccount(auth, { email });
    await expect(reset(id)).rejects.toMatchObject({ code: 'second_factor.not_found', status: 404 });
    // One that was begun is not enabled.
    await begin(id);
    await expect(reset(id)).rejects.toMatchObject({ code: 'second_factor.not_found' });
    await expect(sessionOf(tokenHash)).resolves.toBeDefined();
    expect(await eventsOn(id)).toEqual([]);
    await expect(reset(`user_${'f'.repeat(24)}`)).rejects.toMatchObject({ code: 'account.not_found' });
  });

  it('is made once by repeated requests', async () => {
    const { id } = await enabled();
    const repeated = { context: { ...context, idempotencyKey: id }, accountId: id };
    const call = (): Promise<AdministeredAccount> =>
      auth.bus.call(administrationContract.operations.resetSecondFactor, repeated);
    expect(await call()).toEqual(await call());
    expect(await eventsOn(id)).toHaveLength(1);
  });
});

describe('a sign-in', () => {
  it('needs a code, which is told for the right password only', async () => {
    const { secret } = await enabled();
    await expect(signIn(undefined)).rejects.toMatchObject(REQUIRED);
    expect(await failedAttempts('sign_in')).toBe(0);
    for (const code of [undefined, codeOf(secret), '000000'])
      await expect(signIn(code, { password: 'a wrong password' })).rejects.toMatchObject(WRONG);
    // The code was not used up by the wrong password.
    expect(await signIn(codeOf(secret))).toMatchObject({ account: { secondFactor: { recoveryCodesLeft: 10 } } });
  });

  it('uses up its code, and earlier ones', async () => {
    const { secret } = await enabled();
    await signIn(codeOf(secret, 1));
    for (const steps of [1, 0, -1]) await expect(signIn(codeOf(secret, steps))).rejects.toMatchObject(INVALID_CODE);
  });

  it('with the same code in concurrent requests begins one session', async () => {
    const { id, secret, recoveryCodes, sessionId } = await enabled();
    for (const code of [codeOf(secret), recoveryCodes[0]]) {
      const results = await Promise.allSettled(Array.from({ length: 5 }, () => signIn(code)));
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      for (const result of results) if (result.status === 'rejected') expect(result.reason).toMatchObject(INVALID_CODE);
    }
    const { data } = await auth.bus.call(accounts.listSessions, { accountId: id });
    expect(data.filter((session) => session.id !== sessionId)).toHaveLength(2);
  });

  it('with a recovery code works once, and is told by mail', async () => {
    const { tokenHash, recoveryCodes } = await enabled();
    const [first = '', second = ''] = recoveryCodes;
    await expect(signIn(first.toUpperCase().replaceAll('-', ' '))).resolves.toBeDefined();
    await expect(signIn(first)).rejects.toMatchObject(INVALID_CODE);
    expect((await mailTo(auth, email, 'A recovery code was used')).text).toContain('9 of them are left');
    await eventually(
      'the number is current',
      async () => (await sessionOf(tokenHash)).account.secondFactor?.recoveryCodesLeft === 9,
    );
    await expect(signIn(second)).resolves.toBeDefined();
  });

  it('with the recovery code of another account is rejected', async () => {
    const { recoveryCodes } = await enabled();
    email = newEmail();
    await enabled();
    await expect(signIn(recoveryCodes[0])).rejects.toMatchObject(INVALID_CODE);
  });

  it('is rejected after ten wrong codes, also with a right one', async () => {
    const { secret } = await enabled();
    for (let i = 0; i < 10; i++) await expect(signIn('000000')).rejects.toMatchObject(INVALID_CODE);
    await expect(signIn(codeOf(secret))).rejects.toMatchObject({ code: 'account.too_many_attempts' });
    expect([await failedAttempts('second_factor'), await failedAttempts('sign_in')]).toEqual([10, 0]);
    await auth.database.query(
      "UPDATE auth.account_attempt SET created_at = created_at - interval '15 minutes' WHERE email_hash = sha256($1::bytea)",
      [Buffer.from(email)],
    );
    await expect(signIn(codeOf(secret))).resolves.toBeDefined();
  });

  it('of a disabled account does not use up a code', async () => {
    const { id, secret } = await enabled();
    await auth.database.query('UPDATE auth.account SET disabled_at = now() WHERE id = $1', [id]);
    await expect(signIn(codeOf(secret))).rejects.toMatchObject({ code: 'account.disabled' });
    await auth.database.query('UPDATE auth.account SET disabled_at = NULL WHERE id = $1', [id]);
    await expect(signIn(codeOf(secret))).resolves.toBeDefined();
  });

  it('ignores a code without a second factor', async () => {
    await registeredAccount(auth, { email });
    await expect(signIn('123456')).resolves.toBeDefined();
  });

  it('still needs a code after a password reset', async () => {
    const { secret } = await enabled();
    const password = await passwordReset();
    await expect(signIn(undefined, { password })).rejects.toMatchObject(REQUIRED);
    await expect(signIn(codeOf(secret), { password })).resolves.toBeDefined();
  });

  it('needs none after the reset that first proves the address: somebody else may have set it up', async () => {
    const { id } = await enabled();
    await auth.database.query('UPDATE auth.account SET email_verified_at = NULL WHERE id = $1', [id]);
    const password = await passwordReset();
    await expect(signIn(undefined, { password })).resolves.toBeDefined();
    expect(await auth.database.query('SELECT FROM auth.recovery_code WHERE account_id = $1', [id])).toEqual([]);
  });
});

describe('new recovery codes', () => {
  it('replace the earlier ones, and need a code of the app', async () => {
    const { id, secret, recoveryCodes: before } = await enabled();
    const replace = (code: string): Promise<{ recoveryCodes: string[] }> =>
      auth.bus.call(operations.replaceRecoveryCodes, { ...client(id), code });
    await expect(replace(before[0] ?? '')).rejects.toMatchObject(INVALID_CODE);
    const code = codeOf(secret);
    const { recoveryCodes } = await replace(code);
    await expect(replace(code)).rejects.toMatchObject(INVALID_CODE);
    await mailTo(auth, email, 'Your recovery codes were replaced');
    await expect(signIn(before[1])).rejects.toMatchObject(INVALID_CODE);
    await expect(signIn(recoveryCodes[1])).resolves.toBeDefined();
  });
});

describe('disabling', () => {
  it('needs the password and a code', async () => {
    const { id, secret } = await enabled();
    const disable = (code: string, currentPassword?: string): Promise<unknown> =>
      auth.bus.call(operations.disableTotp, {
        ...client(id),
        code,
        ...(currentPassword !== undefined && { currentPassword }),
      });
    await expect(disable(codeOf(secret))).rejects.toMatchObject(WRONG);
    await expect(disable(codeOf(secret), 'a wrong password')).rejects.toMatchObject(WRONG);
    await expect(disable('000000', PASSWORD)).rejects.toMatchObject(INVALID_CODE);
    expect(await disable(codeOf(secret), PASSWORD)).toEqual({});
    await mailTo(auth, email, 'The second factor was disabled');
    await expect(signIn(undefined)).resolves.toBeDefined();
    await expect(disable(codeOf(secret, 1), PASSWORD)).rejects.toMatchObject(NOT_ENABLED);
    const rows = await auth.database.query(
      'SELECT account_id FROM auth.totp WHERE account_id = $1 UNION ALL SELECT account_id FROM auth.recovery_code WHERE account_id = $1',
      [id],
    );
    expect(rows).toEqual([]);
  });

  it('works with a recovery code, after which another secret can be enabled', async () => {
    const { id, sessionId, recoveryCodes } = await enabled();
    const input = { ...client(id), currentPassword: PASSWORD, code: recoveryCodes[3] ?? '' };
    await auth.bus.call(operations.disableTotp, input);
    const secret = await begin(id);
    await auth.bus.call(operations.confirmTotp, { ...client(id), sessionId, code: codeOf(secret) });
    await expect(signIn(recoveryCodes[4])).rejects.toMatchObject(INVALID_CODE);
  });
});

it('a changed password is told by mail', async () => {
  const { id, tokenHash } = await registeredAccount(auth, { email });
  const { session } = await sessionOf(tokenHash);
  const passwords = { currentPassword: PASSWORD, newPassword: 'another horse' };
  await auth.bus.call(accounts.changePassword, { ...client(id), sessionId: session.id, ...passwords });
  const { text } = await mailTo(auth, email, 'Your password was changed');
  expect(text).toContain('All other sessions have ended');
});
