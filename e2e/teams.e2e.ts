/** Two people and a stranger: invitation, membership, delegation and removal, through two gateways. */
import { scriptedPlatform } from '@xerotier/dev';
import { eventually } from '@xerotier/testing';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { MailFolder } from './support/mail-folder.ts';
import { errorOf, SiteVisitor } from './support/site-visitor.ts';
import { dedicatedPlatform } from './support/test-platform.ts';

const test = dedicatedPlatform(() => ({
  ...scriptedPlatform({ slots: 1 }),
  gateways: 2,
  // All people come from one address.
  env: {
    REGISTRATIONS_PER_ADDRESS: '1000',
    SIGN_IN_FAILURES_PER_ADDRESS: '1000',
    MANAGEMENT_REQUESTS_PER_MINUTE: '100000',
  },
}));

const PASSWORD = `correct horse ${randomBytes(8).toString('hex')}`;
const tokens: string[] = [];

interface Person {
  readonly visitor: SiteVisitor;
  readonly email: string;
  readonly id: string;
}

async function bodyOf<T = { id: string }>(response: Response | Promise<Response>): Promise<T> {
  const received = await response;
  const body = (await received.json()) as T;
  expect({ status: received.status, body }).toMatchObject({ status: 200 });
  return body;
}

async function register(
  name: string,
  email = `${name}-${randomBytes(6).toString('hex')}@example.com`,
): Promise<Person> {
  const visitor = new SiteVisitor(test.description.baseUrl);
  const { id } = await bodyOf(visitor.send('POST', '/api/v1/accounts', { email, password: PASSWORD, name }));
  return { visitor, email, id };
}

async function createProject({ visitor }: Person): Promise<string> {
  return (await bodyOf(visitor.send('POST', '/api/v1/projects', { name: 'Demo', slug: 'demo' }))).id;
}

async function tokenFor(email: string, subject: string): Promise<string> {
  const token = await new MailFolder(test.description.mailDirectory).tokenFor(email, subject);
  tokens.push(token);
  return token;
}

function otherGateway(visitor: SiteVisitor): SiteVisitor {
  const ports = test.platform.services.filter(({ spec }) => spec.app === 'gateway').map(({ facts }) => facts['port']);
  return visitor.at(`http://127.0.0.1:${ports[1]}`);
}

it('an owner invites somebody, who registers, accepts, reads, and is removed', async () => {
  const ada = await register('ada');
  const stranger = await register('eve');
  const project = await createProject(ada);
  const management = `/${project}/v1/management`;
  const bosEmail = `bo-${randomBytes(6).toString('hex')}@example.com`;
  const invitation = await bodyOf(
    ada.visitor.send('POST', `${management}/invitations`, { email: bosEmail, role: 'member' }),
  );
  expect(invitation).toMatchObject({ object: 'invitation', status: 'pending', member: null });

  const bo = await register('bo', bosEmail);
  expect(await errorOf(bo.visitor.send('GET', `${management}/members`))).toEqual([404, 'project_not_found']);
  const token = await tokenFor(bosEmail, 'Invitation to the project "Demo"');
  expect(await errorOf(stranger.visitor.send('POST', '/api/v1/invitations/accept', { token }))).toEqual([
    ...[403, 'invitation_for_other_account'],
  ]);
  expect(await bodyOf(bo.visitor.send('POST', '/api/v1/invitations/accept', { token }))).toMatchObject({
    ...{ id: project, role: 'member' },
  });
  expect(await bodyOf(bo.visitor.send('GET', '/api/v1/account'))).toMatchObject({
    email_verified_at: expect.any(Number),
  });

  const { data: members } = await bodyOf<{ data: { id: string }[] }>(bo.visitor.send('GET', `${management}/members`));
  expect(members.map(({ id }) => id)).toEqual([ada.id, bo.id]);
  const changes = [
    ['POST', `${management}/invitations`, { email: 'eve@example.com' }],
    ['POST', `${management}/api-keys`, { name: 'mine' }],
    ['PATCH', `${management}/members/${bo.id}`, { role: 'owner' }],
    ['DELETE', `${management}/members/${ada.id}`, undefined],
    ['DELETE', `${management}/invitations/${invitation.id}`, undefined],
  ] as const;
  for (const [method, path, body] of changes)
    expect(await errorOf(bo.visitor.send(method, path, body))).toEqual([403, 'role_insufficient']);

  const delegated = await bodyOf(
    ada.visitor.send('PATCH', `${management}/members/${bo.id}`, { approves: ['destructive'] }),
  );
  expect(delegated).toMatchObject({ role: 'member', approves: ['destructive'] });
  expect(await errorOf(ada.visitor.send('DELETE', `${management}/members/${ada.id}`))).toEqual([409, 'last_owner']);

  for (const path of ['members', 'invitations', `members/${bo.id}`])
    expect(await errorOf(stranger.visitor.send('GET', `${management}/${path}`))).toEqual([404, 'project_not_found']);
  const leave = `/api/v1/projects/${project}/membership`;
  expect(await errorOf(stranger.visitor.send('DELETE', leave))).toEqual([404, 'project_not_found']);

  const elsewhere = otherGateway(bo.visitor);
  await bodyOf(elsewhere.send('GET', `${management}/members`));
  await bodyOf(ada.visitor.send('DELETE', `${management}/members/${bo.id}`));
  await eventually(
    'the access ends on the other gateway',
    async () => (await elsewhere.send('GET', `${management}/members`)).status === 404,
    1_000,
  );
});

it('an account is a member at once only if its address is verified', async () => {
  const ada = await register('ada');
  const invite = `/${await createProject(ada)}/v1/management/invitations`;
  const bo = await register('bo');
  const body = { email: bo.email };
  expect(await bodyOf(ada.visitor.send('POST', invite, body))).toMatchObject({ status: 'pending' });
  const token = await tokenFor(bo.email, 'Verify');
  await bodyOf(bo.visitor.send('POST', '/api/v1/account/email-verification/confirm', { token }));
  const { data } = await bodyOf<{ data: unknown[] }>(bo.visitor.send('GET', '/api/v1/projects'));
  expect(data).toHaveLength(1);
  const other = `/${await createProject(ada)}/v1/management/invitations`;
  expect(await bodyOf(ada.visitor.send('POST', other, body))).toMatchObject({ status: 'accepted', member: bo.id });
});

it('a forgotten password is replaced by a link, which ends all sessions', async () => {
  const ada = await register('ada');
  const { email } = ada;
  const unknown = { email: `unknown-${email}` };
  const anybody = new SiteVisitor(test.description.baseUrl);
  expect(await bodyOf(anybody.send('POST', '/api/v1/password-resets', unknown))).toMatchObject(unknown);
  expect(await bodyOf(anybody.send('POST', '/api/v1/password-resets', { email }))).toMatchObject({ email });
  const token = await tokenFor(email, 'Choose a new password');
  const choice = { token, new_password: `new ${PASSWORD}` };
  const reset = await anybody.send('POST', '/api/v1/password-resets/confirm', choice);
  expect([reset.status, reset.headers.get('set-cookie')]).toEqual([200, null]);
  expect(await errorOf(anybody.send('POST', '/api/v1/password-resets/confirm', choice))).toEqual([
    400,
    'invalid_token',
  ]);
  await eventually(
    'the session ends on the other gateway',
    async () => (await otherGateway(ada.visitor).send('GET', '/api/v1/account')).status === 401,
    1_000,
  );
  const signedIn = await anybody.send('POST', '/api/v1/sessions', { email, password: choice.new_password });
  expect(signedIn.status).toBe(200);
});

it('a project is archived and restored on all gateways within a second, and its settings apply to requests', async () => {
  const ada = await register('ada');
  const project = await createProject(ada);
  const management = `/${project}/v1/management`;
  const { key } = await bodyOf<{ key: string }>(ada.visitor.send('POST', `${management}/api-keys`, { name: 'k' }));
  const endpoint = { slug: 'chat', model: test.platform.modelId('scripted'), tier: 'self_hosted' };
  await bodyOf(ada.visitor.send('POST', `${management}/endpoints`, endpoint));
  const anybody = otherGateway(new SiteVisitor(test.description.baseUrl));
  const authorization = { authorization: `Bearer ${key}` };
  const complete = (body: object = {}): Promise<Response> => {
    const chat = { model: 'scripted', messages: [{ role: 'user', content: 'Hello' }], ...body };
    return anybody.send('POST', `/${project}/chat/v1/chat/completions`, chat, authorization);
  };
  const isStored = async (completion: Promise<Response>): Promise<boolean> => {
    const { id } = await bodyOf(completion);
    const path = `/${project}/chat/v1/chat/completions/${id}`;
    return (await anybody.send('GET', path, undefined, authorization)).status === 200;
  };
  expect(await isStored(complete())).toBe(false);
  const settings = { store_by_default: true };
  const updated = await bodyOf(ada.visitor.send('PATCH', `${management}/project`, { name: 'New', settings }));
  expect(updated).toMatchObject({ name: 'New', settings: { ...settings, include_reasoning: false } });
  await eventually('completions are stored', () => isStored(complete()), 2_000);
  expect(await isStored(complete({ store: false }))).toBe(false);

  await bodyOf(ada.visitor.send('POST', `${management}/project/archive`));
  await eventually('the project serves nothing', async () => (await complete()).status === 403, 1_000);
  expect(await errorOf(complete())).toEqual([403, 'project_archived']);
  expect(await errorOf(ada.visitor.send('POST', `${management}/api-keys`, { name: 'k2' }))).toEqual([
    ...[403, 'project_archived'],
  ]);
  await bodyOf(ada.visitor.send('GET', `${management}/api-keys`));
  await bodyOf(ada.visitor.send('POST', `${management}/project/restore`));
  await eventually('the project serves requests', async () => (await complete()).status === 200, 1_000);
});

it('a repeated request creates one project', async () => {
  const ada = await register('ada');
  const create = (slug: string): Promise<Response> =>
    ada.visitor.send(
      'POST',
      '/api/v1/projects',
      { name: 'P', slug },
      {
        ...{ origin: test.description.baseUrl, 'idempotency-key': 'first' },
      },
    );
  const first = await bodyOf(create('p'));
  expect(await bodyOf(create('p'))).toEqual(first);
  expect(await errorOf(create('q'))).toEqual([409, 'idempotency_key_reused']);
});

it('no token of a mail is in the logs', async () => {
  expect(tokens).not.toEqual([]);
  for (const { spec } of test.platform.services) {
    const log = await readFile(spec.logFile, 'utf8');
    expect(tokens.filter((token) => log.includes(token))).toEqual([]);
  }
});
