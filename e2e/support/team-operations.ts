/** Operations of members, invitations and links in mail, for the contract suite. Each has people and a project of its own. */
import { randomUUID } from 'node:crypto';
import type { Operation } from './contract-operations.ts';
import type { MailFolder } from './mail-folder.ts';
import { SiteVisitor } from './site-visitor.ts';

const PASSWORD = 'correct horse battery staple';

/** What the requests before an operation have led to. */
export interface Prepared {
  /** Whose session the operation uses. */
  readonly user: SiteVisitor;
  /** For `{name}` in the route and the body. */
  readonly values: Readonly<Record<string, string>>;
  /** Cookies instead of that of the session. */
  readonly cookie?: string;
  /** An API key instead of the session. */
  readonly key?: string;
}

export type Prepare = (baseUrl: string, mail: MailFolder, databaseUrl: string, natsUrl: string) => Promise<Prepared>;

interface Person {
  readonly user: SiteVisitor;
  readonly email: string;
}

async function created(response: Promise<Response>): Promise<string> {
  const body = (await (await response).json()) as { id?: string };
  if (body.id === undefined) throw new Error(`no id in ${JSON.stringify(body)}`);
  return body.id;
}

async function register(baseUrl: string): Promise<Person> {
  const user = new SiteVisitor(baseUrl);
  const email = `team-${randomUUID()}@example.com`;
  await created(user.send('POST', '/api/v1/accounts', { email, password: PASSWORD, name: 'Ada' }));
  return { user, email };
}

/** An owner with a project. */
async function owner(baseUrl: string): Promise<Person & { readonly project: string }> {
  const person = await register(baseUrl);
  return { ...person, project: await created(person.user.send('POST', '/api/v1/projects', { name: 'T', slug: 't' })) };
}

export const asOwner: Prepare = async (baseUrl) => {
  const { user, project } = await owner(baseUrl);
  return { user, values: { own: project, email: `guest-${randomUUID()}@example.com` } };
};

const withInvitation: Prepare = async (...platform) => {
  const { user, values } = await asOwner(...platform);
  const path = `/${values['own']}/v1/management/invitations`;
  return { user, values: { ...values, id: await created(user.send('POST', path, { email: values['email'] })) } };
};

/** The session of somebody who is invited, with the token. */
const asInvited: Prepare = async (baseUrl, mail) => {
  const { user: host, project } = await owner(baseUrl);
  const { user, email } = await register(baseUrl);
  await created(host.send('POST', `/${project}/v1/management/invitations`, { email }));
  return { user, values: { own: project, token: await mail.tokenFor(email, 'Invitation') } };
};

const asMember: Prepare = async (...platform) => {
  const { user, values } = await asInvited(...platform);
  await created(user.send('POST', '/api/v1/invitations/accept', { token: values['token'] }));
  return { user, values };
};

const withMember: Prepare = async (baseUrl, mail) => {
  const { user: host, project } = await owner(baseUrl);
  const { user, email } = await register(baseUrl);
  await created(host.send('POST', `/${project}/v1/management/invitations`, { email }));
  await created(user.send('POST', '/api/v1/invitations/accept', { token: await mail.tokenFor(email, 'Invitation') }));
  return { user: host, values: { own: project, member: await created(user.send('GET', '/api/v1/account')) } };
};

const withVerification: Prepare = async (baseUrl, mail) => {
  const { user, email } = await register(baseUrl);
  return { user, values: { token: await mail.tokenFor(email, 'Verify') } };
};

const withReset: Prepare = async (baseUrl, mail) => {
  const { user, email } = await register(baseUrl);
  await user.send('POST', '/api/v1/password-resets', { email });
  return { user, values: { email, token: await mail.tokenFor(email, 'new password') } };
};

/** The same with a management key of the project, whose URL does not name the project. */
function byKey(operation: Operation & { readonly prepare: Prepare }): Operation[] {
  const { name, route, prepare } = operation;
  if (!route.includes('/{own}/v1/')) return [];
  const withKey: Prepare = async (...platform) => {
    const { user, values } = await prepare(...platform);
    const body = { name: 'contract', scopes: ['management'] };
    const response = await user.send('POST', `/${values['own']}/v1/management/api-keys`, body);
    return { user, values, key: ((await response.json()) as { key: string }).key };
  };
  return [{ ...operation, name: `${name}, by key`, route: route.replace('/{own}', ''), prepare: withKey }];
}

export function teamOperations(): Operation[] {
  return preparedOperations().flatMap((operation) => [operation, ...byKey(operation)]);
}

function preparedOperations(): (Operation & { readonly prepare: Prepare })[] {
  const project = '/{own}/v1/management/project';
  const members = '/{own}/v1/management/members';
  const invitations = '/{own}/v1/management/invitations';
  const token = { token: '{token}' };
  const invitation = { email: '{email}', role: 'owner' };
  return [
    { name: 'a project', route: `GET ${project}`, prepare: asOwner },
    {
      name: 'a project with other settings',
      route: `PATCH ${project}`,
      prepare: asOwner,
      body: { name: 'New', settings: { store_by_default: true, include_reasoning: true, retention_days: 30 } },
    },
    { name: 'an archived project', route: `POST ${project}/archive`, prepare: asOwner },
    { name: 'a restored project', route: `POST ${project}/restore`, prepare: asOwner },
    { name: 'members', route: `GET ${members}`, prepare: withMember },
    { name: 'a member', route: `GET ${members}/{member}`, prepare: withMember },
    {
      name: 'a delegation',
      route: `PATCH ${members}/{member}`,
      prepare: withMember,
      body: { approves: ['destructive'] },
    },
    { name: 'a removed member', route: `DELETE ${members}/{member}`, prepare: withMember },
    { name: 'a member that leaves', route: 'DELETE /api/v1/projects/{own}/membership', prepare: asMember },
    { name: 'invitations', route: `GET ${invitations}`, prepare: withInvitation },
    { name: 'all invitations', route: `GET ${invitations}?include_inactive=true`, prepare: withInvitation },
    { name: 'a new invitation', route: `POST ${invitations}`, prepare: asOwner, body: invitation },
    { name: 'a revoked invitation', route: `DELETE ${invitations}/{id}`, prepare: withInvitation },
    { name: 'an accepted invitation', route: 'POST /api/v1/invitations/accept', prepare: asInvited, body: token },
    { name: 'a verification link', route: 'POST /api/v1/account/email-verification', prepare: asOwner },
    {
      name: 'a verified e-mail address',
      route: 'POST /api/v1/account/email-verification/confirm',
      prepare: withVerification,
      body: token,
    },
    {
      name: 'a link for a new password',
      route: 'POST /api/v1/password-resets',
      prepare: withReset,
      body: { email: '{email}' },
    },
    {
      name: 'a new password',
      route: 'POST /api/v1/password-resets/confirm',
      prepare: withReset,
      body: { ...token, new_password: PASSWORD },
    },
  ];
}

export const teamErrors: readonly Operation[] = [
  {
    name: 'the removal of the last owner',
    route: 'DELETE /api/v1/projects/{own}/membership',
    prepare: asOwner,
    status: 409,
    code: 'last_owner',
  },
  {
    name: 'a change by a member',
    route: 'POST /{own}/v1/management/invitations',
    prepare: asMember,
    body: { email: 'eve@example.com' },
    status: 403,
    code: 'role_insufficient',
  },
  {
    name: 'an unknown member',
    route: 'GET /{project}/v1/management/members/user_000000000000000000000000',
    key: 'management',
    status: 404,
    code: 'member_not_found',
  },
  {
    name: 'an unknown invitation',
    route: 'DELETE /{project}/v1/management/invitations/inv_000000000000000000000000',
    key: 'management',
    status: 404,
    code: 'invitation_not_found',
  },
  {
    name: 'an invalid link',
    route: 'POST /api/v1/password-resets/confirm',
    key: 'session',
    body: { token: 'no', new_password: PASSWORD },
    status: 400,
    code: 'invalid_token',
  },
];
