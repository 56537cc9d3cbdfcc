/** A service of its own: it stops looking for the account as soon as there is any admin. */
import { accountsContract } from '@xerotier/contracts/auth';
import { eventually } from '@xerotier/testing';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { registeredAccount } from '../../test/registered-account.ts';
import { runningAuth } from '../../test/running-auth.ts';

const CONFIGURED = `Configured-${randomUUID()}@example.com`;
/** Longer than the interval in which it looks. */
const SOME_TIME_MS = 5_000;
const auth = runningAuth({ env: () => ({ BOOTSTRAP_ADMIN_EMAIL: CONFIGURED }) });

async function roleOf({ tokenHash }: { readonly tokenHash: string }): Promise<string | null> {
  return (await auth.bus.call(accountsContract.operations.getSession, { tokenHash })).account.systemRole;
}

async function verify({ id }: { readonly id: string }): Promise<void> {
  await auth.database.query('UPDATE auth.account SET email_verified_at = now() WHERE id = $1', [id]);
}

it('makes the account of BOOTSTRAP_ADMIN_EMAIL the first admin as soon as its address is verified, once, and no other', async () => {
  const other = await registeredAccount(auth);
  const configured = await registeredAccount(auth, { email: CONFIGURED, isVerified: false });
  // Anybody may register with an address.
  await sleep(SOME_TIME_MS);
  expect(await roleOf(configured)).toBeNull();
  await verify(configured);
  await eventually('it is the admin', async () => (await roleOf(configured)) === 'admin', 15_000);
  expect(await roleOf(other)).toBeNull();

  // Whoever takes the role away from it later is not overruled.
  await auth.database.query('UPDATE auth.account SET system_role = NULL');
  await sleep(SOME_TIME_MS);
  expect(await roleOf(configured)).toBeNull();
});
