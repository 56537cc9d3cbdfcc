import { AppError } from '@xerotier/errors';
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { runningAuth } from '../../test/running-auth.ts';
import { Attempts } from './attempts.ts';

const LIMITS = {
  signInFailuresPerAccountAndAddress: 3,
  signInFailuresPerAccount: 4,
  signInFailuresPerAddress: 5,
  codeFailuresPerAccount: 3,
  registrationsPerAddress: 2,
  mailsPerRecipient: 2,
  mailsPerAddress: 5,
};
const WINDOW_MINUTES = 15;

const auth = runningAuth();
let attempts: Attempts;

beforeEach(async () => {
  attempts = new Attempts(auth.database, { accounts: { sessionDays: 30, ...LIMITS } });
  await auth.database.query('DELETE FROM auth.account_attempt');
});

/** Lets time pass: all attempts become older. */
async function pass(minutes: number): Promise<void> {
  await auth.database.query('UPDATE auth.account_attempt SET created_at = created_at - make_interval(mins => $1)', [
    minutes,
  ]);
}

async function isAdmitted(attempt: Promise<unknown>): Promise<boolean> {
  try {
    await attempt;
    return true;
  } catch (error) {
    expect(AppError.from(error).code).toBe('account.too_many_attempts');
    return false;
  }
}

describe('signIn', () => {
  it('admits the maximum of concurrent attempts on an account', async () => {
    const admitted = await Promise.all(
      Array.from({ length: 10 }, (_, i) => isAdmitted(attempts.signIn('a@example.com', `203.0.113.${i}`))),
    );
    expect(admitted.filter(Boolean)).toHaveLength(LIMITS.signInFailuresPerAccount);
  });

  it('admits the maximum of concurrent attempts on an account from a network, and then others from elsewhere', async () => {
    const admitted = await Promise.all(
      Array.from({ length: 10 }, (_, i) => isAdmitted(attempts.signIn('a@example.com', `2001:db8::${i}`))),
    );
    expect(admitted.filter(Boolean)).toHaveLength(LIMITS.signInFailuresPerAccountAndAddress);
    expect(await isAdmitted(attempts.signIn('a@example.com', '203.0.113.7'))).toBe(true);
    expect(await isAdmitted(attempts.signIn('b@example.com', '2001:db8::1'))).toBe(true);
  });

  it('admits the maximum of concurrent attempts from an address, or from the network of an IPv6 address', async () => {
    for (const network of ['203.0.113.7', '2001:db8::']) {
      const admitted = await Promise.all(
        Array.from({ length: 10 }, (_, i) => {
          const address = network.endsWith('::') ? `${network}${i}` : network;
          return isAdmitted(attempts.signIn(`${network}-${i}@example.com`, address));
        }),
      );
      expect(admitted.filter(Boolean)).toHaveLength(LIMITS.signInFailuresPerAddress);
    }
  });

  it('tells when the next attempt is admitted', async () => {
    for (let i = 0; i < LIMITS.signInFailuresPerAccountAndAddress; i++)
      await attempts.signIn('a@example.com', '203.0.113.7');
    await pass(10);
    const rejection = await attempts.signIn('a@example.com', '203.0.113.7').catch((error: unknown) => error);
    const { retryAfterSeconds = 0 } = rejection as AppError;
    expect(retryAfterSeconds).toBeGreaterThan(4 * 60);
    expect(retryAfterSeconds).toBeLessThanOrEqual(5 * 60);
  });

  it('forgets attempts that succeeded', async () => {
    for (let i = 0; i < 10; i++) await attempts.forget(await attempts.signIn('a@example.com', '203.0.113.7'));
    expect(await isAdmitted(attempts.signIn('a@example.com', '203.0.113.7'))).toBe(true);
  });

  it('stores no e-mail address', async () => {
    await attempts.signIn('a@example.com', '203.0.113.7');
    const rows = await auth.database.query<unknown[]>('SELECT * FROM auth.account_attempt');
    expect(rows).toHaveLength(1);
    expect(JSON.stringify(rows)).not.toContain('example.com');
  });

  it('admits exactly the attempts that a sliding window admits, whatever the rejected ones', async () => {
    const step = fc.record({
      waitMinutes: fc.constantFrom(0, 0, 0, 1, 5, 14, 15),
      account: fc.nat(1),
      address: fc.nat(1),
      succeeds: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
        const run = randomBytes(4).toString('hex');
        let now = 0;
        let failures: { at: number; account: number; address: number }[] = [];
        for (const { waitMinutes, account, address, succeeds } of steps) {
          await pass(waitMinutes);
          now += waitMinutes;
          failures = failures.filter(({ at }) => now - at < WINDOW_MINUTES);
          const sameNetwork = failures.filter((failure) => failure.account === account && failure.address === address);
          const isExpected =
            sameNetwork.length < LIMITS.signInFailuresPerAccountAndAddress &&
            failures.filter((failure) => failure.account === account).length < LIMITS.signInFailuresPerAccount &&
            failures.filter((failure) => failure.address === address).length < LIMITS.signInFailuresPerAddress;
          const attempt = attempts.signIn(`${run}-${account}@example.com`, `${run}-${address}`);
          expect(await isAdmitted(attempt)).toBe(isExpected);
          if (!isExpected) continue;
          if (succeeds) await attempts.forget(await attempt);
          else failures.push({ at: now, account, address });
        }
      }),
      { numRuns: 25 },
    );
  });
});

describe('secondFactor', () => {
  it('admits the maximum of concurrent codes of an account, wherever they come from and whatever the passwords', async () => {
    for (let i = 0; i < 3; i++) await attempts.signIn('a@example.com', '203.0.113.7');
    const admitted = await Promise.all(
      Array.from({ length: 10 }, (_, i) => isAdmitted(attempts.secondFactor('a@example.com', `203.0.113.${i}`))),
    );
    expect(admitted.filter(Boolean)).toHaveLength(LIMITS.codeFailuresPerAccount);
    expect(await isAdmitted(attempts.signIn('a@example.com', '203.0.113.8'))).toBe(true);
  });
});

describe('forgetWrongPasswords', () => {
  it('admits attempts on the account again, and counts its wrong codes as before', async () => {
    for (const email of ['a@example.com', 'b@example.com'])
      for (let i = 0; i < LIMITS.signInFailuresPerAccount; i++) await attempts.signIn(email, `203.0.113.${i}`);
    for (let i = 0; i < 3; i++) await attempts.secondFactor('a@example.com', '203.0.113.9');
    await auth.database.transaction((manager) => attempts.forgetWrongPasswords(manager, 'a@example.com'));
    expect(await isAdmitted(attempts.signIn('a@example.com', '203.0.113.0'))).toBe(true);
    expect(await isAdmitted(attempts.signIn('b@example.com', '203.0.113.0'))).toBe(false);
    expect(await isAdmitted(attempts.secondFactor('a@example.com', '203.0.113.0'))).toBe(false);
  });
});

describe('register', () => {
  it('admits the maximum per address and hour, whatever the sign-ins', async () => {
    for (let i = 0; i < 3; i++) await attempts.signIn('a@example.com', '203.0.113.7');
    for (let i = 0; i < LIMITS.registrationsPerAddress; i++) await attempts.register('203.0.113.7');
    expect(await isAdmitted(attempts.register('203.0.113.7'))).toBe(false);
    expect(await isAdmitted(attempts.register('203.0.113.8'))).toBe(true);
    await pass(59);
    expect(await isAdmitted(attempts.register('203.0.113.7'))).toBe(false);
    await pass(1);
    expect(await isAdmitted(attempts.register('203.0.113.7'))).toBe(true);
  });
});

describe('requests that send mail', () => {
  it('are limited per recipient and per address', async () => {
    const recipient = 'mail@example.com';
    await attempts.mail('invitation', recipient, '203.0.113.50');
    await attempts.mail('invitation', recipient, '203.0.113.51');
    const rejection = { code: 'account.too_many_attempts' };
    await expect(attempts.mail('invitation', recipient, '203.0.113.52')).rejects.toMatchObject(rejection);
    for (let i = 0; i < 4; i++) await attempts.mail('invitation', `mail-${i}@example.com`, '203.0.113.50');
    await expect(attempts.mail('invitation', 'mail-9@example.com', '203.0.113.50')).rejects.toMatchObject(rejection);
    await attempts.mail('invitation', 'mail-9@example.com', '203.0.113.53');
  });

  it('have limits of their own for each purpose', async () => {
    for (const purpose of ['password_reset', 'verification', 'invitation'] as const) {
      for (let i = 0; i < LIMITS.mailsPerRecipient; i++)
        expect(await isAdmitted(attempts.mail(purpose, 'mail@example.com', '203.0.113.50'))).toBe(true);
      expect(await isAdmitted(attempts.mail(purpose, 'mail@example.com', '203.0.113.51'))).toBe(false);
    }
  });

  it('do not count if the transaction that sends the mail is rolled back', async () => {
    const send = (fails: boolean): Promise<void> =>
      auth.database.transaction(async (manager) => {
        await attempts.mail('invitation', 'mail@example.com', '203.0.113.50', manager);
        if (fails) throw new AppError('member.exists');
      });
    for (let i = 0; i < 5; i++) await expect(send(true)).rejects.toMatchObject({ code: 'member.exists' });
    for (let i = 0; i < LIMITS.mailsPerRecipient; i++) await send(false);
    await expect(send(false)).rejects.toMatchObject({ code: 'account.too_many_attempts' });
  });
});
