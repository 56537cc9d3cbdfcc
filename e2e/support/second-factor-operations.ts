/** Operations of the second factor, for the contract suite. Each has an account of its own. */
import { randomUUID } from 'node:crypto';
import { Secret, TOTP } from 'otpauth';
import type { Operation } from './contract-operations.ts';
import { SiteVisitor } from './site-visitor.ts';
import { aVisitorWithRole } from './system-roles.ts';
import type { Prepare } from './team-operations.ts';

const PASSWORD = 'correct horse battery staple';

/** The code of an authenticator app. @param steps from now, of 30 seconds. */
export function totpOf(secret: string, steps = 0): string {
  return TOTP.generate({ secret: Secret.fromBase32(secret), timestamp: Date.now() + steps * 30_000 });
}

async function bodyOf<T>(response: Promise<Response>): Promise<T> {
  return (await response).json() as Promise<T>;
}

const withAccount: Prepare = async (baseUrl) => {
  const user = new SiteVisitor(baseUrl);
  const email = `totp-${randomUUID()}@example.com`;
  await user.send('POST', '/api/v1/accounts', { email, password: PASSWORD, name: 'Ada' });
  return { user, values: { email } };
};

const withSecret: Prepare = async (...site) => {
  const { user, values } = await withAccount(...site);
  const { secret } = await bodyOf<{ secret: string }>(
    user.send('POST', '/api/v1/account/totp', { current_password: PASSWORD }),
  );
  return { user, values: { ...values, secret, code: totpOf(secret) } };
};

/** `code` is the one of the next step, which is unused and valid too. */
const withSecondFactor: Prepare = async (...site) => {
  const { user, values } = await withSecret(...site);
  const { recovery_codes: codes } = await bodyOf<{ recovery_codes: string[] }>(
    user.send('POST', '/api/v1/account/totp/confirm', { code: values['code'] }),
  );
  const { secret = '' } = values;
  return { user, values: { ...values, code: totpOf(secret, 1), recovery: codes[0] ?? '' } };
};

/** The session of an admin, with the account of somebody who has lost the second factor. */
const withLostSecondFactor: Prepare = async (...site) => {
  const [baseUrl, , databaseUrl] = site;
  const { user } = await withSecondFactor(...site);
  const { id } = await bodyOf<{ id: string }>(user.send('GET', '/api/v1/account'));
  return { user: await aVisitorWithRole({ baseUrl, databaseUrl }, 'admin'), values: { id } };
};

export function secondFactorOperations(): Operation[] {
  const credentials = { email: '{email}', password: PASSWORD };
  const code = { code: '{code}' };
  return [
    {
      name: 'a secret of an authenticator app',
      route: 'POST /api/v1/account/totp',
      prepare: withAccount,
      body: { current_password: PASSWORD },
    },
    { name: 'a second factor', route: 'POST /api/v1/account/totp/confirm', prepare: withSecret, body: code },
    { name: 'an account with a second factor', route: 'GET /api/v1/account', prepare: withSecondFactor },
    {
      name: 'new recovery codes',
      route: 'POST /api/v1/account/totp/recovery-codes',
      prepare: withSecondFactor,
      body: code,
    },
    {
      name: 'a session with a code',
      route: 'POST /api/v1/sessions',
      prepare: withSecondFactor,
      body: { ...credentials, ...code },
    },
    {
      name: 'a disabled second factor',
      route: 'DELETE /api/v1/account/totp',
      prepare: withSecondFactor,
      body: { current_password: PASSWORD, code: '{recovery}' },
    },
    {
      name: 'a second factor that an operator resets',
      route: 'DELETE /api/v1/admin/accounts/{id}/second-factor',
      prepare: withLostSecondFactor,
    },
  ];
}

export const secondFactorErrors: readonly Operation[] = [
  {
    name: 'a sign-in without a code',
    route: 'POST /api/v1/sessions',
    prepare: withSecondFactor,
    body: { email: '{email}', password: PASSWORD },
    status: 401,
    code: 'second_factor_required',
  },
  {
    name: 'a sign-in with a wrong code',
    route: 'POST /api/v1/sessions',
    prepare: withSecondFactor,
    body: { email: '{email}', password: PASSWORD, code: 'wrong' },
    status: 401,
    code: 'invalid_code',
  },
  {
    name: 'another second factor',
    route: 'POST /api/v1/account/totp',
    prepare: withSecondFactor,
    body: { current_password: PASSWORD },
    status: 409,
    code: 'second_factor_enabled',
  },
  {
    name: 'the end of no second factor',
    route: 'DELETE /api/v1/account/totp',
    prepare: withAccount,
    body: { current_password: PASSWORD, code: '123456' },
    status: 409,
    code: 'second_factor_not_enabled',
  },
];
