/**
 * A tenant of the isolation suite. Everything that it names or writes contains its canary, a text that nobody else has; each
 * of its operations is one request. `sealed` are values that the platform promises to store only encrypted or hashed.
 */
import { randomBytes } from 'node:crypto';
import { SiteVisitor } from './site-visitor.ts';

/** An operation returns its response, and whether it addressed objects of another tenant. */
export interface Called {
  readonly response: Response;
  readonly isForeign: boolean;
}

type Body = Readonly<Record<string, unknown>>;

const SCOPES = ['inference', 'management'] as const;

export class CanaryTenant {
  readonly canary: string;
  readonly project: string;
  /** In prompts and completions, but in nothing that is visible to operators. */
  readonly secret: string;
  readonly #visitor: SiteVisitor;
  readonly #baseUrl: string;
  readonly #key: string;
  readonly #password: string;
  readonly #endpoint: string;
  readonly #completions: string[] = [];
  readonly #keys: string[] = [];
  readonly #files: string[] = [];
  readonly #conversations: string[] = [];
  readonly #responses: string[] = [];

  private constructor(
    baseUrl: string,
    visitor: SiteVisitor,
    own: { canary: string; project: string; endpoint: string; key: string; password: string },
  ) {
    this.#baseUrl = baseUrl;
    this.#visitor = visitor;
    this.canary = own.canary;
    this.project = own.project;
    this.secret = `secret-${own.canary}`;
    this.#endpoint = own.endpoint;
    this.#key = own.key;
    this.#password = own.password;
  }

  /** Registers an owner, and creates a project with an endpoint and an API key. */
  static async create(baseUrl: string, model: string): Promise<CanaryTenant> {
    const canary = `canary${randomBytes(9).toString('hex')}`;
    // Errors repeat what was requested, so no canary is in an id.
    const endpoint = `e-${randomBytes(6).toString('hex')}`;
    const password = `password ${randomBytes(12).toString('hex')}`;
    const visitor = new SiteVisitor(baseUrl);
    const post = async (path: string, body: Body): Promise<{ id: string; key?: string }> =>
      jsonOf(await visitor.send('POST', path, body));
    await post('/api/v1/accounts', { email: `${canary}@example.com`, password, name: canary });
    const { id: project } = await post('/api/v1/projects', { name: canary, slug: endpoint });
    const management = `/${project}/v1/management`;
    await post(`${management}/endpoints`, { slug: endpoint, model, tier: 'self_hosted' });
    const { key = '' } = await post(`${management}/api-keys`, { name: canary, scopes: SCOPES });
    return new CanaryTenant(baseUrl, visitor, { canary, project, endpoint, key, password });
  }

  get sealed(): string[] {
    return [this.secret, this.#key, this.#password, this.#visitor.token ?? ''];
  }

  /** Which of its texts it reads back from its own objects. */
  async ownTexts(): Promise<string[]> {
    const id = (await jsonOf(await this.#stored())).id;
    const path = `/${this.project}/${this.#endpoint}/v1/chat/completions/${id}`;
    const responses = [await this.#api('GET', path), await this.#api('GET', `/${this.project}/v1/management/project`)];
    const texts = await Promise.all(responses.map((response) => response.text()));
    return [this.canary, this.secret].filter((text) => texts.some((body) => body.includes(text)));
  }

  /** One operation, chosen by `choice`, of this tenant, or with ids of the other one. */
  async call(choice: number, other: CanaryTenant): Promise<Called> {
    const operations = [...this.#own(), ...this.#foreign(other)];
    const [isForeign, run] = operations[choice % operations.length] as (typeof operations)[number];
    return { response: await run(), isForeign };
  }

  #own(): [false, () => Promise<Response>][] {
    const management = `/${this.project}/v1/management`;
    const usage = `/${this.project}/v1/usage`;
    const completions = `/${this.project}/${this.#endpoint}/v1/chat/completions`;
    return [
      () => this.#chat(this.project, this.#endpoint),
      () => this.#chat(this.project, this.#endpoint, { stream: true, n: 2 }),
      () => this.#stored(),
      () => this.#stored(),
      () => this.#api('GET', `${completions}?limit=5`),
      () => this.#api('GET', `${completions}/${this.#completions.at(-1) ?? 'chatcmpl-none'}`),
      () => this.#api('GET', `${completions}/${this.#completions[0] ?? 'chatcmpl-none'}/messages`),
      () => this.#api('POST', `${completions}/${this.#completions[0] ?? 'x'}`, { metadata: { owner: this.canary } }),
      () => this.#created(),
      () => this.#fileCreated(),
      () => this.#fileCreated(),
      () => this.#api('GET', `/${this.project}/v1/files?limit=5`),
      () => this.#api('GET', `/${this.project}/v1/files/${this.#files.at(-1) ?? 'file-none'}`),
      () => this.#api('GET', `/${this.project}/v1/files/${this.#files[0] ?? 'file-none'}/content`),
      () => this.#conversationCreated(),
      () => this.#conversationCreated(),
      () => this.#api('GET', `/${this.project}/v1/conversations?limit=5`),
      () => this.#api('GET', `/${this.project}/v1/conversations/${this.#conversations[0] ?? 'conv_none'}/items`),
      () => this.#responded(),
      () => this.#responded(),
      () => this.#respond({ background: true }),
      () => this.#respond({ stream: true, previous_response_id: this.#responses[0] ?? null }),
      () => this.#respond({ store: false }),
      () => this.#api('GET', `/${this.project}/v1/responses/${this.#responses[0] ?? 'resp_none'}`),
      () => this.#api('GET', `/${this.project}/v1/responses/${this.#responses[0] ?? 'resp_none'}/input_items`),
      () => this.#api('GET', `${management}/api-keys?include_inactive=true`),
      () => this.#api('GET', `${management}/endpoints`),
      () => this.#api('PATCH', `${management}/endpoints/${this.#endpoint}`, { defaults: { temperature: 1 } }),
      () => this.#api('GET', `${management}/audit-log?limit=100`),
      () => this.#api('GET', `${management}/project`),
      () => this.#api('PATCH', `${management}/project`, { name: `${this.canary} again` }),
      () => this.#visitor.send('GET', `${management}/members`),
      () => this.#visitor.send('POST', `${management}/invitations`, { email: this.#address() }),
      () => this.#visitor.send('GET', `${management}/invitations`),
      () => this.#visitor.send('GET', '/api/v1/projects'),
      () => this.#visitor.send('GET', '/api/v1/sessions'),
      () => this.#visitor.send('GET', '/api/v1/account'),
      () => this.#api('GET', `${usage}/totals`),
      () => this.#api('GET', `${usage}/by-key`),
      () => this.#api('GET', `${usage}/by-end-user`),
      () => this.#api('GET', `${usage}/events?limit=100`),
      () => this.#api('GET', `/${this.project}/v1/models`),
      () => this.#api('GET', `/${this.project}/v1/exports/usage.csv`),
    ].map((run) => [false, run]);
  }

  /** As `own`, with our credentials and somewhere an id of the other tenant. */
  #foreign(other: CanaryTenant): [true, () => Promise<Response>][] {
    const completion = other.#completions.at(-1) ?? 'chatcmpl-none';
    const key = other.#keys.at(-1) ?? 'key_none';
    const ours = `/${this.project}/${this.#endpoint}/v1/chat/completions/${completion}`;
    const conversation = `/${this.project}/v1/conversations/${other.#conversations.at(-1) ?? 'conv_none'}`;
    const response = `/${this.project}/v1/responses/${other.#responses.at(-1) ?? 'resp_none'}`;
    return [
      () => this.#chat(other.project, other.#endpoint),
      () => this.#chat(this.project, other.#endpoint),
      () => this.#api('GET', ours),
      () => this.#api('GET', `${ours}/messages`),
      () => this.#api('POST', ours, { metadata: { owner: this.canary } }),
      () => this.#api('DELETE', ours),
      () => this.#api('GET', `/${this.project}/v1/files/${other.#files.at(-1) ?? 'file-none'}`),
      () => this.#api('GET', `/${this.project}/v1/files/${other.#files.at(-1) ?? 'file-none'}/content`),
      () => this.#api('DELETE', `/${this.project}/v1/files/${other.#files.at(-1) ?? 'file-none'}`),
      () => this.#api('GET', conversation),
      () => this.#api('GET', `${conversation}/items`),
      () => this.#api('POST', conversation, { metadata: { owner: this.canary } }),
      () => this.#api('POST', `${conversation}/items`, { role: 'user', content: this.canary }),
      () => this.#api('DELETE', conversation),
      () => this.#api('GET', response),
      () => this.#api('GET', `${response}/input_items`),
      () => this.#api('POST', `${response}/cancel`),
      () => this.#api('DELETE', response),
      () => this.#respond({ previous_response_id: other.#responses.at(-1) ?? 'resp_none' }),
      () => this.#respond({ conversation: other.#conversations.at(-1) ?? 'conv_none' }),
      () => this.#api('GET', `/${other.project}/v1/usage/totals`),
      () => this.#api('GET', `/${this.project}/v1/management/api-keys/${key}`),
      () => this.#api('DELETE', `/${this.project}/v1/management/api-keys/${key}`),
      () => this.#api('DELETE', `/${this.project}/v1/management/endpoints/${other.#endpoint}`),
      () => this.#visitor.send('GET', `/${other.project}/v1/management/members`),
      () => this.#visitor.send('GET', `/${other.project}/v1/management/audit-log`),
      () => this.#visitor.send('POST', `/${other.project}/v1/management/project/archive`),
    ].map((run) => [true, run]);
  }

  #chat(project: string, endpoint: string, body: Body = {}): Promise<Response> {
    const script = { text: `${this.secret} replies `, tokens: 2 };
    return this.#api('POST', `/${project}/${endpoint}/v1/chat/completions`, {
      ...{ model: endpoint, user: this.canary, messages: [{ role: 'user', content: scripted(script, this.secret) }] },
      ...body,
    });
  }

  async #stored(): Promise<Response> {
    const response = await this.#chat(this.project, this.#endpoint, { store: true, metadata: { owner: this.canary } });
    this.#completions.push((await jsonOf(response.clone())).id);
    return response;
  }

  async #created(): Promise<Response> {
    const response = await this.#api('POST', `/${this.project}/v1/management/api-keys`, { name: this.canary });
    this.#keys.push((await jsonOf(response.clone())).id);
    return response;
  }

  async #conversationCreated(): Promise<Response> {
    const items = [{ role: 'user', content: this.secret }];
    const body = { metadata: { owner: this.secret }, items };
    const response = await this.#api('POST', `/${this.project}/v1/conversations`, body);
    this.#conversations.push((await jsonOf(response.clone())).id);
    return response;
  }

  #respond(fields: Body = {}): Promise<Response> {
    const script = { text: `${this.secret} replies `, tokens: 2 };
    return this.#api('POST', `/${this.project}/v1/responses`, {
      ...{ model: this.#endpoint, input: scripted(script, this.secret), metadata: { owner: this.secret } },
      ...fields,
    });
  }

  async #responded(): Promise<Response> {
    const response = await this.#respond();
    this.#responses.push((await jsonOf(response.clone())).id);
    return response;
  }

  async #fileCreated(): Promise<Response> {
    const form = new FormData();
    form.append('purpose', 'user_data');
    form.append('file', new Blob([`${this.canary} ${this.secret}`]), `${this.canary}.txt`);
    const response = await fetch(`${this.#baseUrl}/${this.project}/v1/files`, {
      ...{ method: 'POST', headers: { authorization: `Bearer ${this.#key}` }, body: form },
    });
    this.#files.push((await jsonOf(response.clone())).id);
    return response;
  }

  #address(): string {
    return `${randomBytes(4).toString('hex')}.${this.canary}@example.com`;
  }

  #api(method: string, path: string, body?: Body): Promise<Response> {
    return fetch(this.#baseUrl + path, {
      method,
      headers: {
        authorization: `Bearer ${this.#key}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  }
}

/** @param prompt is part of the message, but not of the completion. */
function scripted(script: Body, prompt: string): string {
  return `${prompt} [[script ${JSON.stringify(script)}]]`;
}

async function jsonOf(response: Response): Promise<{ id: string; key?: string }> {
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.url}: ${response.status} ${text}`);
  return JSON.parse(text) as { id: string; key?: string };
}
