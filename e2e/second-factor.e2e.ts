/** The second factor of an account, through two gateways. */
import { scriptedPlatform } from '@xerotier/dev';
import { eventually } from '@xerotier/testing';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { MailFolder } from './support/mail-folder.ts';
import { totpOf } from './support/second-factor-operations.ts';
import { errorOf, SiteVisitor } from './support/site-visitor.ts';
import { dedicatedPlatform } from './support/test-platform.ts';

const test = dedicatedPlatform(() => ({ ...scriptedPlatform({ slots: 1 }), gateways: 2 }));
const PASSWORD = `correct horse ${randomBytes(8).toString('hex')}`;

it('a user enables a second factor, signs in with it, loses the app, and disables it by a recovery code', async () => {
  const visitor = new SiteVisitor(test.description.baseUrl);
  const email = `ada-${randomBytes(6).toString('hex')}@example.com`;
  await visitor.send('POST', '/api/v1/accounts', { email, password: PASSWORD, name: 'Ada' });
  const account = async (): Promise<unknown> => (await visitor.send('GET', '/api/v1/account')).json();
  expect(await account()).toMatchObject({ second_factor: null });

  const begun = await visitor.send('POST', '/api/v1/account/totp', { current_password: PASSWORD });
  const { secret, uri } = (await begun.json()) as { secret: string; uri: string };
  expect([begun.status, begun.headers.get('cache-control')]).toEqual([200, 'no-store']);
  expect(uri).toContain(secret);
  const confirmed = await visitor.send('POST', '/api/v1/account/totp/confirm', { code: totpOf(secret) });
  const { recovery_codes: codes } = (await confirmed.json()) as { recovery_codes: string[] };
  expect([confirmed.status, codes]).toEqual([200, expect.arrayContaining([expect.any(String)])]);
  expect(await account()).toMatchObject({
    second_factor: { enabled_at: expect.any(Number), recovery_codes_left: 10 },
  });

  const gateways = test.platform.services
    .filter(({ spec }) => spec.app === 'gateway')
    .map(({ facts }) => new SiteVisitor(`http://127.0.0.1:${facts['port']}`));
  const signIn = (by: SiteVisitor | undefined, code?: string, password = PASSWORD): Promise<Response> =>
    (by as SiteVisitor).send('POST', '/api/v1/sessions', { email, password, ...(code !== undefined && { code }) });
  const [first, second] = gateways;
  expect(await errorOf(signIn(first))).toEqual([401, 'second_factor_required']);
  expect(await errorOf(signIn(first, totpOf(secret, 1), 'a wrong password'))).toEqual([401, 'invalid_credentials']);
  const code = totpOf(secret, 1);
  expect((await signIn(first, code)).status).toBe(200);
  expect(await errorOf(signIn(second, code))).toEqual([401, 'invalid_code']);
  expect((await signIn(second, codes[0])).status).toBe(200);
  await eventually('both gateways know how many recovery codes are left', async () => {
    const numbers = await Promise.all(
      gateways.map(async (each) => {
        const { second_factor: factor } = (await (await each.send('GET', '/api/v1/account')).json()) as {
          second_factor: { recovery_codes_left: number };
        };
        return factor.recovery_codes_left;
      }),
    );
    return numbers.every((left) => left === 9);
  });
  const proofs = { current_password: PASSWORD, code: codes[1] };
  const disabled = await visitor.send('DELETE', '/api/v1/account/totp', proofs);
  expect([disabled.status, await disabled.json()]).toEqual([200, { object: 'totp.deleted', deleted: true }]);
  expect((await signIn(new SiteVisitor(test.description.baseUrl))).status).toBe(200);
  expect(await account()).toMatchObject({ second_factor: null });

  const mail = new MailFolder(test.description.mailDirectory);
  await mail.textOf(email, 'The second factor was disabled');
  const logs = await Promise.all(test.platform.services.map(({ spec }) => readFile(spec.logFile, 'utf8')));
  const text = logs.join('\n');
  expect(text).toContain('credentials rejected');
  expect([secret, ...codes].filter((value) => text.includes(value))).toEqual([]);
});
