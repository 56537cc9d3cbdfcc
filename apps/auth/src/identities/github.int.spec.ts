import { accountsContract, identitiesContract, invitationsContract, membersContract } from '@xerotier/contracts/auth';
import { eventually } from '@xerotier/testing';
import { GithubServer } from '@xerotier/testing/identity-providers';
import { beginFlow, callbackOf, complete, signedIn, signInBy } from '../../test/provider-flows.ts';
import {
  contextOf,
  newClientAddress,
  newEmail,
  ownedProject,
  registeredAccount,
} from '../../test/registered-account.ts';
import { runningAuth } from '../../test/running-auth.ts';

const FAILED = { code: 'identity.sign_in_failed' };
const UNAVAILABLE = { code: 'identity.provider_unavailable' };
const github = new GithubServer();
beforeAll(() => github.start());
afterAll(() => github.stop());
const auth = runningAuth({ env: () => github.env });
let email: string;

beforeEach(() => {
  email = newEmail();
  github.state = 'up';
  github.requests.length = 0;
});

async function sessionsOf(accountId: string): Promise<number> {
  const { data } = await auth.bus.call(accountsContract.operations.listSessions, { accountId });
  return data.length;
}

async function accountsWith(address: string): Promise<object[]> {
  return auth.database.query<object[]>('SELECT * FROM auth.account WHERE email = $1', [address]);
}

describe('the providers', () => {
  it('are those that are configured', async () => {
    expect(await auth.bus.call(identitiesContract.operations.listSignInProviders, {})).toEqual({
      data: [{ id: 'github', name: 'GitHub' }],
    });
    await expect(beginFlow(auth, 'oidc')).rejects.toMatchObject({ code: 'identity.provider_not_found' });
  });
});

describe('the authorization URL', () => {
  it('has state, PKCE and the callback, and no secret', async () => {
    const { authorizationUrl, flow } = await beginFlow(auth, 'github');
    const url = new URL(authorizationUrl);
    expect(url.href).toContain(`${github.url}/login/oauth/authorize?`);
    expect(Object.fromEntries(url.searchParams)).toEqual({
      ...{ client_id: github.clientId, response_type: 'code', scope: 'read:user user:email' },
      redirect_uri: 'http://127.0.0.1:8080/api/v1/sign-in/github/callback',
      state: expect.stringMatching(/^[\w-]{43}$/),
      ...{ code_challenge: expect.stringMatching(/^[\w-]{43}$/), code_challenge_method: 'S256' },
    });
    expect(Buffer.from(flow, 'base64url').toString('latin1')).not.toContain(url.searchParams.get('state'));
    expect(github.requests).toEqual([]);
  });
});

describe('a sign-in', () => {
  it('creates an account without a password, with a verified address', async () => {
    const user = github.addUser(email.toUpperCase(), { name: 'Ada\nLovelace' });
    const { account, returnTo } = signedIn(await signInBy(auth, 'github', user.id, '/projects'));
    expect(returnTo).toBe('/projects');
    expect(account).toMatchObject({ email, name: 'Ada Lovelace', emailVerifiedAt: expect.any(Number) });
    expect(await accountsWith(email)).toEqual([expect.objectContaining({ password_hash: null })]);
  });

  it('is of the same account when login and address have changed', async () => {
    const user = github.addUser(email);
    const first = signedIn(await signInBy(auth, 'github', user.id));
    const other = newEmail('renamed');
    github.users.set(user.id, {
      ...{ id: user.id, login: 'renamed', emails: [{ email: other, primary: true, verified: false }] },
    });
    const second = signedIn(await signInBy(auth, 'github', user.id));
    expect(second.account).toEqual(first.account);
    expect(await accountsWith(other)).toEqual([]);
  });

  it('of somebody else who took the login is of another account', async () => {
    const { id, login } = github.addUser(email, { login: 'ada' });
    const { account } = signedIn(await signInBy(auth, 'github', id));
    const other = github.addUser(newEmail(), { login });
    expect(signedIn(await signInBy(auth, 'github', other.id)).account.id).not.toBe(account.id);
  });

  it('needs an address that GitHub has verified, and the primary one', async () => {
    const user = github.addUser(email, { isVerified: false });
    await expect(signInBy(auth, 'github', user.id)).rejects.toMatchObject({ code: 'identity.email_not_verified' });
    expect(await accountsWith(email)).toEqual([]);
    expect(await accountsWith(`other-${email}`)).toEqual([]);
  });

  it.each([true, false])('never takes over an account with its address (verified: %p)', async (isVerified) => {
    const { id } = await registeredAccount(auth, { email, isVerified });
    const user = github.addUser(email);
    await expect(signInBy(auth, 'github', user.id)).rejects.toMatchObject({ code: 'identity.account_exists' });
    expect(await sessionsOf(id)).toBe(1);
    const identities = await auth.bus.call(identitiesContract.operations.listIdentities, { accountId: id });
    expect(identities).toEqual({ data: [] });
  });

  it('accepts the invitations of the address', async () => {
    const owner = await registeredAccount(auth);
    const projectId = await ownedProject(auth, owner.id);
    await auth.bus.call(invitationsContract.operations.createInvitation, {
      context: contextOf(projectId, owner.id),
      email,
      role: 'member',
    });
    const { account } = signedIn(await signInBy(auth, 'github', github.addUser(email).id));
    const { getMember } = membersContract.operations;
    expect(await auth.bus.call(getMember, { projectId, accountId: account.id })).toMatchObject({ role: 'member' });
  });

  it('of a disabled account is rejected', async () => {
    const user = github.addUser(email);
    const { account } = signedIn(await signInBy(auth, 'github', user.id));
    await auth.database.query('UPDATE auth.account SET disabled_at = now() WHERE id = $1', [account.id]);
    await expect(signInBy(auth, 'github', user.id)).rejects.toMatchObject({ code: 'account.disabled' });
    expect(await sessionsOf(account.id)).toBe(1);
  });

  it('of one person in concurrent requests creates one account', async () => {
    const user = github.addUser(email);
    const results = await Promise.allSettled(Array.from({ length: 4 }, () => signInBy(auth, 'github', user.id)));
    expect(results.map(({ status }) => status)).toEqual(Array.from({ length: 4 }, () => 'fulfilled'));
    expect(await accountsWith(email)).toHaveLength(1);
  });

  it('counts as a registration if it creates an account', async () => {
    const clientAddress = newClientAddress();
    const register = async (): Promise<unknown> => {
      const { id } = github.addUser(newEmail());
      return complete(auth, await callbackOf(await beginFlow(auth, 'github'), 'github', id), { clientAddress });
    };
    for (let i = 0; i < 10; i++) await register();
    await expect(register()).rejects.toMatchObject({ code: 'account.too_many_attempts' });
  });
});

describe('a callback', () => {
  it('works once, also in concurrent requests', async () => {
    const { id } = github.addUser(email);
    const callback = await callbackOf(await beginFlow(auth, 'github'), 'github', id);
    const results = await Promise.allSettled(Array.from({ length: 4 }, () => complete(auth, callback)));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(github.requests.filter((path) => path.endsWith('/access_token'))).toHaveLength(1);
    await expect(complete(auth, callback)).rejects.toMatchObject(FAILED);
  });

  it('of another browser is rejected before GitHub is called', async () => {
    const { id } = github.addUser(email);
    const attacker = await callbackOf(await beginFlow(auth, 'github'), 'github', id);
    const { flow } = await beginFlow(auth, 'github');
    await expect(complete(auth, { ...attacker, flow })).rejects.toMatchObject(FAILED);
    expect(github.requests).toEqual([]);
    // The attempt has not used up the flow of its own browser.
    await expect(complete(auth, attacker)).resolves.toBeDefined();
  });

  it.each<[string, (parameters: URLSearchParams) => void]>([
    ['no state', (parameters) => parameters.delete('state')],
    ['another state', (parameters) => parameters.set('state', 'a'.repeat(43))],
    ['two states', (parameters) => parameters.append('state', parameters.get('state') ?? '')],
  ])('with %s is rejected before GitHub is called', async (_, change) => {
    const callback = await callbackOf(await beginFlow(auth, 'github'), 'github', github.addUser(email).id);
    const parameters = new URLSearchParams(callback.parameters);
    change(parameters);
    await expect(complete(auth, { ...callback, parameters: parameters.toString() })).rejects.toMatchObject(FAILED);
    expect(github.requests).toEqual([]);
    // The sign-in that it does not belong to goes on.
    await expect(complete(auth, callback)).resolves.toBeDefined();
  });

  it.each<[string, (parameters: URLSearchParams) => void]>([
    ['no code', (parameters) => parameters.delete('code')],
    ['another code', (parameters) => parameters.set('code', 'a'.repeat(20))],
    ['two codes', (parameters) => parameters.append('code', 'b')],
  ])('with %s is rejected', async (_, change) => {
    const callback = await callbackOf(await beginFlow(auth, 'github'), 'github', github.addUser(email).id);
    const parameters = new URLSearchParams(callback.parameters);
    change(parameters);
    await expect(complete(auth, { ...callback, parameters: parameters.toString() })).rejects.toMatchObject(FAILED);
    expect(await accountsWith(email)).toEqual([]);
  });

  it('with the code of another flow is rejected, by PKCE', async () => {
    const stolen = await callbackOf(await beginFlow(auth, 'github'), 'github', github.addUser(email).id);
    const own = await callbackOf(await beginFlow(auth, 'github'), 'github', github.addUser(newEmail()).id);
    const parameters = new URLSearchParams(own.parameters);
    parameters.set('code', new URLSearchParams(stolen.parameters).get('code') ?? '');
    await expect(complete(auth, { ...own, parameters: parameters.toString() })).rejects.toMatchObject(FAILED);
    expect(await accountsWith(email)).toEqual([]);
  });

  it('of somebody who has denied is rejected', async () => {
    const callback = await callbackOf(await beginFlow(auth, 'github'), 'github', 'nobody');
    expect(callback.parameters).toContain('error=access_denied');
    await expect(complete(auth, callback)).rejects.toMatchObject(FAILED);
  });

  it.each(['', 'x', 'A'.repeat(100)])('with the forged cookie %p is rejected', async (forged) => {
    const callback = await callbackOf(await beginFlow(auth, 'github'), 'github', github.addUser(email).id);
    const flow = forged === '' ? `${callback.flow.slice(0, -4)}AAAA` : forged;
    await expect(complete(auth, { ...callback, flow })).rejects.toMatchObject(FAILED);
  });

  it.each(['failing', 'redirecting', 'endless'] as const)('while GitHub is %s is a 503', async (state) => {
    const callback = await callbackOf(await beginFlow(auth, 'github'), 'github', github.addUser(email).id);
    github.state = state;
    const start = Date.now();
    await expect(complete(auth, callback)).rejects.toMatchObject(UNAVAILABLE);
    expect(github.requests).not.toContain('/stolen');
    // By what was read, and not by the timeout.
    expect(Date.now() - start).toBeLessThan(3_500);
  });

  it('while GitHub does not respond is a 503 within seconds', async () => {
    const callback = await callbackOf(await beginFlow(auth, 'github'), 'github', github.addUser(email).id);
    github.state = 'slow';
    const start = Date.now();
    await expect(complete(auth, callback)).rejects.toMatchObject(UNAVAILABLE);
    expect(Date.now() - start).toBeLessThan(8_000);
  });

  it('leaves no code, token or secret in the log', async () => {
    const callbacks = await Promise.all(
      [email, newEmail()].map(async (address) =>
        callbackOf(await beginFlow(auth, 'github'), 'github', github.addUser(address).id),
      ),
    );
    const [good, bad] = callbacks;
    if (good === undefined || bad === undefined) throw new Error('no callbacks');
    await complete(auth, good);
    github.state = 'failing';
    await complete(auth, bad).catch(() => undefined);
    await eventually('the failure is logged', () => auth.logText().includes('sign-in by identity provider failed'));
    const secrets = callbacks.flatMap(({ parameters, flow }) => [...new URLSearchParams(parameters).values(), flow]);
    for (const secret of [...secrets, github.clientSecret, 'gho_']) expect(auth.logText()).not.toContain(secret);
  });
});
