/**
 * Who may call what: every route of the served OpenAPI document without credentials, with each wrong scope and role, and with the
 * ids of another tenant. A new route is part of it at once, and a new kind of id fails it until it has an example below.
 */
import { scriptedPlatform } from '@xerotier/dev';
import type { DocumentedOperation, OpenapiDocument } from '@xerotier/public-api/openapi';
import { randomBytes } from 'node:crypto';
import { fileForm } from './support/file-operations.ts';
import { MailFolder } from './support/mail-folder.ts';
import { aVisitorWithRole } from './support/system-roles.ts';
import { registerModel } from './support/uploaded-model.ts';
import { errorOf, SiteVisitor } from './support/site-visitor.ts';
import { dedicatedPlatform } from './support/test-platform.ts';

const SCOPES = ['inference', 'management', 'execution'] as const;
const PASSWORD = `correct horse ${randomBytes(8).toString('hex')}`;

const test = dedicatedPlatform(() => ({
  ...scriptedPlatform({ slots: 1 }),
  // All people come from one address.
  env: { REGISTRATIONS_PER_ADDRESS: '1000', MANAGEMENT_REQUESTS_PER_MINUTE: '100000' },
}));

interface Route {
  /** `GET /{project}/v1/models` */
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly operation: DocumentedOperation;
  /** The scope that a key needs; undefined if no key is accepted. */
  readonly scope: string | undefined;
  /** The role that a user needs, in the project or on the platform; empty if no project is involved, and undefined if no session is accepted. */
  readonly role: string | undefined;
}

/** A project with an owner, a member, a key per scope, and one object of each kind. */
interface Tenant {
  readonly project: string;
  readonly owner: SiteVisitor;
  readonly keys: Readonly<Record<string, string>>;
  readonly ids: Readonly<Record<string, string>>;
}

let routes: Route[];
let ours: Tenant;
let theirs: Tenant;
let member: SiteVisitor;
let operator: SiteVisitor;
let admin: SiteVisitor;

beforeAll(async () => {
  const response = await fetch(`${test.description.baseUrl}/openapi.json`);
  routes = routesOf((await response.json()) as OpenapiDocument);
  ours = await aTenant('ours');
  theirs = await aTenant('theirs');
  member = (await aMember(ours)).visitor;
  operator = await aVisitorWithRole(test.description, 'operator');
  admin = await aVisitorWithRole(test.description, 'admin');
  ours = { ...ours, ids: { ...ours.ids, ...(await administered()) } };
});

function routesOf({ paths }: OpenapiDocument): Route[] {
  return Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([verb, operation]) => {
      const needed = (scheme: string): string | undefined =>
        operation.security.map((requirement) => requirement[scheme]).find((needs) => needs !== undefined)?.[0];
      const accepts = (scheme: string): boolean => operation.security.some((requirement) => scheme in requirement);
      const method = verb.toUpperCase();
      const role = accepts('session') ? (needed('session') ?? '') : undefined;
      return { name: `${method} ${path}`, method, path, operation, scope: needed('apiKey'), role };
    }),
  );
}

/** Objects that operators change: a tier, and an account that is not ours. */
async function administered(): Promise<Record<string, string>> {
  const slug = `t_${randomBytes(4).toString('hex')}`;
  const { id: tier } = await created(admin.send('POST', '/api/v1/admin/tiers', { id: slug, name: slug }));
  return { tier, account: (await register('target')).id };
}

async function created(response: Response | Promise<Response>): Promise<{ id: string; key?: string; slug?: string }> {
  const received = await response;
  const body = (await received.json()) as { id: string; key?: string; slug?: string };
  expect({ status: received.status, body }).toMatchObject({ status: 200 });
  return body;
}

async function register(name: string): Promise<{ visitor: SiteVisitor; email: string; id: string }> {
  const visitor = new SiteVisitor(test.description.baseUrl);
  const email = `${name}-${randomBytes(6).toString('hex')}@example.com`;
  const { id } = await created(visitor.send('POST', '/api/v1/accounts', { email, password: PASSWORD, name }));
  return { visitor, email, id };
}

async function aTenant(name: string): Promise<Tenant> {
  const { visitor: owner, id: account } = await register(name);
  const { id: project } = await created(owner.send('POST', '/api/v1/projects', { name, slug: name }));
  const post = (path: string, body: object): ReturnType<typeof created> =>
    created(owner.send('POST', `/${project}/v1/management/${path}`, body));
  const model = test.description.model;
  const { slug = '' } = await post('endpoints', { slug: `${name}-chat`, model, tier: 'self_hosted' });
  const keys: Record<string, string> = {};
  for (const scope of SCOPES) keys[scope] = (await post('api-keys', { name: scope, scopes: [scope] })).key ?? '';
  keys['all'] = (await post('api-keys', { name: 'all', scopes: [...SCOPES] })).key ?? '';
  const chat = { model, store: true, messages: [{ role: 'user', content: '{"tokens":1}' }] };
  const completion = await created(send('POST', `/${project}/${slug}/v1/chat/completions`, keys['all'], chat));
  const sessions = (await (await owner.send('GET', '/api/v1/sessions')).json()) as { data: { id: string }[] };
  const uploaded = await registerModel(test.description.natsUrl, project);
  const ids: Record<string, string> = {
    project,
    ...{
      provider: 'github',
      endpoint: slug,
      slug,
      member: account,
      completion: completion.id,
      session: sessions.data[0]?.id ?? '',
    },
    file: (await created(send('POST', `/${project}/v1/files`, keys['all'], fileForm()))).id,
    upload: (await created(send('POST', `/${project}/v1/uploads`, keys['all'], uploadExample()))).id,
    batch: (await created(send('POST', `/${project}/v1/batches`, keys['all'], batchExample()))).id,
    ...(await aConversation(project, keys['all'])),
    response: (await created(send('POST', `/${project}/v1/responses`, keys['all'], responseExample(slug)))).id,
    // Has no endpoint in our project.
    model: `model-of-${name}`,
    model_id: uploaded.model.id,
    version: uploaded.version.id,
    key: (await post('api-keys', { name: 'target' })).id,
    invitation: (await post('invitations', { email: `${randomBytes(6).toString('hex')}@example.com` })).id,
  };
  if (routes.some(({ path }) => path.includes('{budget}'))) ids['budget'] = (await post('budgets', budgetExample())).id;
  return { project, owner, keys, ids };
}

/** A conversation with an item. */
async function aConversation(project: string, key: string): Promise<{ conversation: string; item: string }> {
  const path = `/${project}/v1/conversations`;
  const body = { items: [{ role: 'user', content: 'Hello' }] };
  const { id: conversation } = await created(send('POST', path, key, body));
  const items = await send('GET', `${path}/${conversation}/items`, key);
  return { conversation, item: ((await items.json()) as { first_id: string }).first_id };
}

/** In the background, so that it can be cancelled. */
function responseExample(model: string): object {
  return { model, input: '{"tokens":1}', background: true };
}

function batchExample(): object {
  return bodyOf(routes.find(({ name }) => name === 'POST /{project}/v1/batches') as Route) as object;
}

function uploadExample(): object {
  return bodyOf(routes.find(({ name }) => name === 'POST /{project}/v1/uploads') as Route) as object;
}

function budgetExample(): object {
  const route = routes.find(({ name }) => name === 'POST /{project}/v1/management/budgets');
  return bodyOf(route as Route) as object;
}

async function aMember({ owner, project }: Tenant): Promise<{ visitor: SiteVisitor }> {
  const person = await register('member');
  await created(owner.send('POST', `/${project}/v1/management/invitations`, { email: person.email, role: 'member' }));
  const token = await new MailFolder(test.description.mailDirectory).tokenFor(person.email, 'Invitation');
  await created(person.visitor.send('POST', '/api/v1/invitations/accept', { token }));
  return person;
}

/** The example of the document: a valid body, so that what is rejected is the caller or the id. */
function bodyOf({ operation }: Route): unknown {
  if (operation.requestBody?.content['multipart/form-data'] !== undefined) return fileForm();
  const content = operation.requestBody?.content['application/json'];
  return operation.requestBody === undefined ? undefined : (content?.example ?? {});
}

function send(method: string, path: string, key: string | undefined, body?: unknown): Promise<Response> {
  return fetch(test.description.baseUrl + path, {
    method,
    headers: {
      origin: test.description.baseUrl,
      ...(key !== undefined && { authorization: `Bearer ${key}` }),
      ...(body !== undefined && !(body instanceof FormData) && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: body instanceof FormData ? body : JSON.stringify(body) }),
  });
}

/** Sends a body with the credentials that the route needs. */
function sentText(route: Route, body: string): Promise<Response> {
  if (route.scope === undefined) {
    const visitor = route.path.startsWith('/api/v1/admin/') ? admin : ours.owner;
    return visitor.sendText(route.method, pathOf(route), body);
  }
  return fetch(test.description.baseUrl + pathOf(route), {
    method: route.method,
    headers: { authorization: `Bearer ${ours.keys['all']}`, 'content-type': 'application/json' },
    body,
  });
}

/** @param values by parameter; default: those of our tenant. */
function pathOf({ path }: Route, values: Readonly<Record<string, string>> = {}): string {
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => values[name] ?? ours.ids[name] ?? missing(name));
}

function missing(name: string): never {
  throw new Error(`this suite has no example of the path parameter {${name}}`);
}

const parametersOf = ({ path }: Route): string[] => [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '');

/** Runs a check for each route, so that one failure does not hide the others. */
async function findings(
  selected: readonly Route[],
  check: (route: Route) => Promise<unknown>,
  expected: unknown,
): Promise<string[]> {
  expect(selected.length).toBeGreaterThan(0);
  const found: string[] = [];
  for (const route of selected) {
    const result = await check(route);
    if (JSON.stringify(result) !== JSON.stringify(expected)) found.push(`${route.name}: ${JSON.stringify(result)}`);
  }
  return found;
}

describe('every route', () => {
  it('that is not public needs credentials', async () => {
    const closed = routes.filter(({ operation }) => operation.security.length > 0);
    const check = async (route: Route): Promise<number> =>
      (await send(route.method, pathOf(route), undefined, bodyOf(route))).status;
    expect(await findings(closed, check, 401)).toEqual([]);
  });

  it.each(SCOPES)('with another scope rejects a key with the scope %s', async (scope) => {
    const others = routes.filter((route) => route.scope !== undefined && route.scope !== scope);
    const check = (route: Route): Promise<unknown> =>
      errorOf(send(route.method, pathOf(route), ours.keys[scope], bodyOf(route)));
    expect(await findings(others, check, [403, 'scope_insufficient'])).toEqual([]);
  });

  it('for owners rejects a member', async () => {
    const forOwners = routes.filter(({ role, path }) => role === 'owner' && path.startsWith('/{project}'));
    const check = (route: Route): Promise<unknown> => errorOf(member.send(route.method, pathOf(route), bodyOf(route)));
    expect(await findings(forOwners, check, [403, 'role_insufficient'])).toEqual([]);
  });

  it('for members accepts a member, but not a stranger', async () => {
    const lists = routes.filter(
      ({ role, method, path, operation }) =>
        role === 'member' && method === 'GET' && path.startsWith('/{project}') && operation.parameters.length > 0,
    );
    const readable = lists.filter((route) => parametersOf(route).every((name) => name !== 'member'));
    const asMember = async (route: Route): Promise<number> => (await member.send('GET', pathOf(route))).status;
    expect(await findings(readable, asMember, 200)).toEqual([]);
    const asStranger = (route: Route): Promise<unknown> => errorOf(theirs.owner.send('GET', pathOf(route)));
    expect(await findings(lists, asStranger, [404, 'project_not_found'])).toEqual([]);
  });

  it('of operators has a system role, and accepts no key', async () => {
    const ofOperators = routes.filter(({ path }) => path.startsWith('/api/v1/admin/'));
    const undeclared = ofOperators.filter(({ role }) => role !== 'operator' && role !== 'admin');
    expect(undeclared.map(({ name }) => name)).toEqual([]);
    const check = (route: Route): Promise<unknown> =>
      errorOf(send(route.method, pathOf(route), ours.keys['all'], bodyOf(route)));
    expect(await findings(ofOperators, check, [401, 'invalid_session'])).toEqual([]);
  });

  it('of operators rejects a user without a system role, and that of admins an operator', async () => {
    const ofRole = (role: string): Route[] => routes.filter((route) => route.role === role);
    const by =
      (visitor: SiteVisitor) =>
      (route: Route): Promise<unknown> =>
        errorOf(visitor.send(route.method, pathOf(route), bodyOf(route)));
    const denied = [403, 'role_insufficient'];
    expect(await findings([...ofRole('operator'), ...ofRole('admin')], by(ours.owner), denied)).toEqual([]);
    expect(await findings(ofRole('admin'), by(operator), denied)).toEqual([]);
  });

  it('of operators accepts an operator, and an admin', async () => {
    const statusFor =
      (visitor: SiteVisitor) =>
      async (route: Route): Promise<number> =>
        (await visitor.send(route.method, pathOf(route))).status;
    const readable = routes.filter(({ role, method }) => role === 'operator' && method === 'GET');
    expect(await findings(readable, statusFor(operator), 200)).toEqual([]);
    expect(await findings(readable, statusFor(admin), 200)).toEqual([]);
    const toggles = routes.filter(({ name }) => /\/(disable|enable)$/.test(name));
    expect(await findings(toggles, statusFor(admin), 200)).toEqual([]);
  });

  it("rejects the key of another tenant's project like an unknown project", async () => {
    const ofProjects = routes.filter(({ scope, path }) => scope !== undefined && path.startsWith('/{project}'));
    const check = (route: Route): Promise<unknown> =>
      errorOf(send(route.method, pathOf(route), theirs.keys['all'], bodyOf(route)));
    expect(await findings(ofProjects, check, [404, 'project_not_found'])).toEqual([]);
  });

  it("with an id has the same 404 for another tenant's object as for one that does not exist", async () => {
    const unknown: Readonly<Record<string, string>> = {
      ...{ endpoint: 'no-such-endpoint', slug: 'no-such-endpoint', member: `user_${'0'.repeat(24)}` },
      ...{ completion: `chatcmpl-${'0'.repeat(32)}`, session: `sess_${'0'.repeat(24)}`, model: 'no-such-model' },
      file: `file-${'0'.repeat(24)}`,
      upload: `upload_${'0'.repeat(24)}`,
      batch: `batch_${'0'.repeat(24)}`,
      ...{ model_id: `model_${'0'.repeat(24)}`, version: '00000000-0000-4000-8000-000000000000' },
      ...{ conversation: `conv_${'0'.repeat(48)}`, item: `msg_${'0'.repeat(48)}` },
      response: `resp_${'0'.repeat(48)}`,
      ...{ key: `key_${'0'.repeat(24)}`, invitation: `inv_${'0'.repeat(24)}`, budget: `budget_${'0'.repeat(24)}` },
    };
    const withIds = routes.flatMap((route) =>
      route.operation.security.length === 0 || route.path.startsWith('/api/v1/admin/')
        ? []
        : parametersOf(route)
            // Providers are the same for everybody.
            .filter((name) => name !== 'project' && name !== 'provider')
            .map((name) => ({ ...route, name: `${route.name} by ${name}`, parameter: name })),
    );
    const responseTo = async (route: Route, name: string, id: string): Promise<unknown> => {
      const path = pathOf(route, { [name]: id });
      const body = bodyOf(route);
      const sent =
        route.scope === undefined
          ? ours.owner.send(route.method, path, body)
          : send(route.method, path, ours.keys['all'], body);
      const response = await sent;
      return [response.status, (await response.text()).replaceAll(id, '(id)')];
    };
    const different: string[] = [];
    for (const { parameter, ...route } of withIds) {
      const foreign = await responseTo(route, parameter, theirs.ids[parameter] ?? missing(parameter));
      const absent = await responseTo(route, parameter, unknown[parameter] ?? missing(parameter));
      if (JSON.stringify(foreign) !== JSON.stringify(absent) || (foreign as [number])[0] !== 404)
        different.push(`${route.name}: ${JSON.stringify(foreign)}, ${JSON.stringify(absent)}`);
    }
    expect(different).toEqual([]);
  });

  it('with a JSON body rejects fields that it does not have', async () => {
    // Inference ignores them: SDKs send fields that are newer than a server, and no field of a request is a right.
    const withBody = routes.filter(
      ({ operation, scope }) =>
        scope !== 'inference' && operation.requestBody?.content['application/json'] !== undefined,
    );
    for (const field of ['project_id', 'tenantId', 'is_admin', '__proto__']) {
      const check = async (route: Route): Promise<unknown> => {
        const text = JSON.stringify(bodyOf(route)).replace('{', `{"${field}":{"role":"admin"},`).replace(',}', '}');
        const response = await sentText(route, text);
        const { error } = (await response.json()) as { error?: { param: string | null } };
        return [response.status, error?.param];
      };
      expect({ field, found: await findings(withBody, check, [400, field]) }).toEqual({ field, found: [] });
    }
  });

  it("has left the other tenant's objects as they were", async () => {
    const check = async (route: Route): Promise<number> =>
      (await send('GET', pathOf(route, theirs.ids), theirs.keys['all'])).status;
    const objects = routes.filter(
      (route) =>
        route.method === 'GET' &&
        route.scope !== undefined &&
        route.path.startsWith('/{project}') &&
        parametersOf(route).some((name) => !['project', 'endpoint', 'model'].includes(name)),
    );
    expect(await findings(objects, check, 200)).toEqual([]);
  });
});
