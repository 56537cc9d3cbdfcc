/**
 * Host-based base URLs: `{endpoint}.{project}.<domain>/v1` is equivalent to `/{project}/{endpoint}/v1`, and
 * `{project}.<domain>/v1` to `/{project}/v1`, for every route and every error. Any other host is ignored and has the base URL
 * `/v1` of the project of the API key.
 */
import { generateApiKey } from '@xerotier/api-keys';
import { scriptedPlatform } from '@xerotier/dev';
import OpenAI from 'openai';
import { numberedTokens, scripted } from './support/api-client.ts';
import { fetchByName } from './support/fetch-by-name.ts';
import { rawExchange } from './support/raw-http.ts';
import { addTenant } from './support/tenant.ts';
import type { Tenant } from './support/tenant.ts';
import { testPlatform } from './support/test-platform.ts';

const DOMAIN = 'api.example.test';

const test = testPlatform(() => {
  const plan = scriptedPlatform();
  const vectors = { slug: 'vectors', modelId: 'scripted', tier: 'self_hosted', task: 'embed' } as const;
  const scores = { slug: 'scores', modelId: 'scripted', tier: 'self_hosted', task: 'score' } as const;
  return { ...plan, endpoints: [...plan.endpoints, vectors, scores], env: { PUBLIC_DOMAIN: DOMAIN } };
});

let other: Tenant;
beforeAll(async () => {
  other = await addTenant(test.platform, 'scripted');
});

interface Exchange {
  readonly method?: string;
  readonly target: string;
  /** The `Host` header; default: the address of the gateway. */
  readonly host?: string;
  readonly headers?: readonly string[];
  readonly key?: string;
  readonly body?: object;
}

interface Outcome {
  readonly status: number;
  /** The parsed JSON body. */
  readonly body: Record<string, unknown>;
}

async function send({ method, target, host, headers = [], key, body }: Exchange): Promise<Outcome> {
  const { baseUrl, apiKey } = test.description;
  const text = body === undefined ? '' : JSON.stringify(body);
  const lines = [
    `${method ?? (body === undefined ? 'GET' : 'POST')} ${target} HTTP/1.1`,
    `Host: ${host ?? new URL(baseUrl).host}`,
    `Authorization: Bearer ${key ?? apiKey}`,
    ...(body === undefined ? [] : ['Content-Type: application/json', `Content-Length: ${Buffer.byteLength(text)}`]),
    ...headers,
    'Connection: close',
  ];
  const response = await rawExchange(baseUrl, Buffer.from([...lines, '', text].join('\r\n'), 'latin1'));
  const json = response.headers['transfer-encoding'] === 'chunked' ? '{}' : response.body;
  return { status: response.status, body: JSON.parse(json) as Record<string, unknown> };
}

/** Returns status and error of a response, for comparison. */
const rejection = ({ status, body }: Outcome): unknown => ({ status, error: body['error'] });

/** Returns the host of a project, or of one of its endpoints. */
function hostOf(projectId: string, endpoint?: string): string {
  return `${endpoint === undefined ? '' : `${endpoint}.`}${projectId.toLowerCase()}.${DOMAIN}`;
}

/** Sends the same request by path and by host. */
async function byPathAndHost(
  { endpoint, project = test.description.projectId }: { endpoint?: string; project?: string },
  target: string,
  rest: Omit<Exchange, 'target' | 'host'> = {},
): Promise<[byPath: Outcome, byHost: Outcome]> {
  const base = `/${project}${endpoint === undefined ? '' : `/${endpoint}`}`;
  return Promise.all([
    send({ ...rest, target: base + target }),
    send({ ...rest, target, host: hostOf(project, endpoint) }),
  ]);
}

describe('official SDK with a host-based URL', () => {
  const clientAt = (endpoint?: string): OpenAI => {
    const { port } = new URL(test.description.baseUrl);
    const host = hostOf(test.description.projectId, endpoint);
    return new OpenAI({
      baseURL: `http://${host}:${port}/v1`,
      apiKey: test.description.apiKey,
      fetch: fetchByName,
      maxRetries: 0,
    });
  };
  const chatParams = (tokens: number): OpenAI.Chat.ChatCompletionCreateParamsNonStreaming =>
    scripted({ tokens }) as unknown as OpenAI.Chat.ChatCompletionCreateParamsNonStreaming;

  it('gets a completion', async () => {
    const completion = await clientAt('chat').chat.completions.create(chatParams(3));
    expect(completion.choices[0]?.message.content).toBe(numberedTokens(3));
  });

  it('gets a stream', async () => {
    let text = '';
    for await (const chunk of await clientAt('chat').chat.completions.create({ ...chatParams(20), stream: true }))
      text += chunk.choices[0]?.delta.content ?? '';
    expect(text).toBe(numberedTokens(20));
  });

  it('gets the models of an endpoint and of a project', async () => {
    for (const endpoint of ['chat', undefined]) {
      const client = clientAt(endpoint);
      expect((await client.models.list()).data).toMatchObject([{ id: 'scripted' }]);
      expect(await client.models.retrieve('scripted')).toMatchObject({ id: 'scripted' });
    }
  });

  it('gets embeddings', async () => {
    const { data } = await clientAt('vectors').embeddings.create({ model: 'any', input: ['one', 'two'] });
    expect(data.map(({ embedding }) => embedding.length)).toEqual([64, 64]);
  });

  it('gets completions and embeddings of a project, where the model selects the endpoint', async () => {
    const completion = await clientAt().chat.completions.create({ ...chatParams(2), model: 'chat' });
    expect(completion.choices[0]?.message.content).toBe(numberedTokens(2));
    const { data } = await clientAt().embeddings.create({ model: 'vectors', input: 'one' });
    expect(data).toHaveLength(1);
  });
});

describe('host-based URL', () => {
  it('reranks at both versions of the route', async () => {
    const body = { model: 'any', query: 'one', documents: ['one', 'two'] };
    for (const route of ['/v1/rerank', '/v2/rerank']) {
      const [byPath, byHost] = await byPathAndHost({ endpoint: 'scores' }, route, { body });
      expect([byPath.status, byHost.status]).toEqual([200, 200]);
      expect(byHost.body['results']).toEqual(byPath.body['results']);
    }
  });

  it.each<[string, { endpoint?: string; project?: string }, string, Omit<Exchange, 'target'>, number]>([
    ['an unknown endpoint', { endpoint: 'nobody' }, '/v1/models', {}, 404],
    ['an invalid endpoint slug', { endpoint: '-_-' }, '/v1/models', {}, 404],
    ['an unknown project', { endpoint: 'chat', project: 'proj_NOBODY0000' }, '/v1/models', {}, 404],
    ['an unknown project without an endpoint', { project: 'proj_NOBODY0000' }, '/v1/models', {}, 404],
    ['an invalid project id', { project: `proj_${'X'.repeat(58)}` }, '/v1/models', {}, 404],
    ['an unknown route', { endpoint: 'chat' }, '/v1/moderations', { body: {} }, 404],
    ['no route', { endpoint: 'chat' }, '/v1', {}, 404],
    ['an invalid percent-encoding', { endpoint: 'chat' }, '/v1/models/%zz', {}, 400],
    ['an unsupported method', { endpoint: 'chat' }, '/v1/chat/completions', { method: 'PUT' }, 405],
    ['an invalid API key', { endpoint: 'chat' }, '/v1/models', { key: 'xero_wrong' }, 401],
    ['an empty object as body', { endpoint: 'chat' }, '/v1/chat/completions', { body: {} }, 400],
    ['an endpoint with another task', { endpoint: 'vectors' }, '/v1/chat/completions', { body: scripted({}) }, 400],
  ])('with %s returns the same error as the path', async (_, address, target, rest, status) => {
    const [byPath, byHost] = await byPathAndHost(address, target, rest);
    expect(byPath.status).toBe(status);
    expect(rejection(byHost)).toEqual(rejection(byPath));
  });

  it('accepts any letter case, a trailing dot and a port', async () => {
    const { projectId } = test.description;
    const host = hostOf(projectId, 'chat');
    const asWritten = `chat.${projectId}.${DOMAIN}`;
    for (const spelling of [host.toUpperCase(), asWritten, `${host}.`, `${host}:443`, `${asWritten}.:8080`])
      expect((await send({ target: '/v1/models', host: spelling })).status).toBe(200);
  });

  it('returns 404 for another tenant', async () => {
    for (const endpoint of ['chat', undefined]) {
      const theirs = await byPathAndHost({ ...(endpoint && { endpoint }), project: other.projectId }, '/v1/models');
      expect(theirs.map(({ status }) => status)).toEqual([404, 404]);
      expect(rejection(theirs[1])).toEqual(rejection(theirs[0]));
      const withOtherKey = await byPathAndHost({ ...(endpoint && { endpoint }) }, '/v1/models', { key: other.apiKey });
      expect(withOtherKey.map(({ status }) => status)).toEqual([404, 404]);
      expect(rejection(withOtherKey[1])).toEqual(rejection(withOtherKey[0]));
    }
    const own = await byPathAndHost({ endpoint: 'chat', project: other.projectId }, '/v1/models', {
      key: other.apiKey,
    });
    expect(own.map(({ status }) => status)).toEqual([200, 200]);
  });
});

describe('path that contains the project', () => {
  it('takes precedence over the host', async () => {
    const { projectId } = test.description;
    const target = `/${projectId}/chat/v1/models`;
    for (const host of [hostOf(projectId, 'chat'), hostOf(projectId), hostOf(other.projectId, 'chat')])
      expect((await send({ target, host })).status).toBe(200);
    const theirs = `/${other.projectId}/chat/v1/models`;
    expect((await send({ target: theirs, host: hostOf(projectId, 'chat') })).status).toBe(404);
  });
});

/** Distinguishes the two projects: only the first one has an endpoint `vectors`. */
const vectors = { body: { model: 'vectors', input: 'one' } };

describe('other host', () => {
  const ownHost = (): string => hostOf(test.description.projectId, 'chat');

  it.each<[string, () => string]>([
    ['that is the domain itself', () => DOMAIN],
    ['with an endpoint but no project', () => `chat.${DOMAIN}`],
    ['of another domain', () => ownHost().replace(DOMAIN, 'example.test')],
    ['that only starts with a valid host', () => `${ownHost()}.evil.test`],
    ['with user info', () => `user:pass@${ownHost()}`],
    ['that is a list of two', () => `${ownHost()}, ${ownHost()}`],
    ['with an encoded slash', () => `chat%2fv1.${hostOf(test.description.projectId)}`],
    ['with a slash', () => `a/${ownHost()}`],
    ['with a non-ASCII letter', () => ownHost().replace('chat', 'ch\u00e4t')],
    ['with a label that is too long', () => `${'a'.repeat(64)}.${hostOf(test.description.projectId)}`],
    ['with ten thousand characters', () => `${'a.'.repeat(5_000)}${ownHost()}`],
    ['that is empty', () => ''],
    ['that is a path', () => '../../etc/passwd'],
  ])('%s returns 400, or serves only the project of the API key', async (_, host) => {
    const own = await send({ target: '/v1/embeddings', host: host(), ...vectors });
    expect([200, 400]).toContain(own.status);
    const theirs = await send({ target: '/v1/embeddings', host: host(), key: other.apiKey, ...vectors });
    expect(theirs.status).toBe(own.status === 200 ? 404 : 400);
    expect(theirs.body).toMatchObject({ error: { code: own.status === 200 ? 'model_not_found' : 'invalid_request' } });
    expect((await send({ target: '/v1/models', host: ownHost() })).status).toBe(200);
  });

  it('in a second Host header gives no access beyond the API key', async () => {
    const theirs = hostOf(other.projectId, 'chat');
    const [first, second] = await Promise.all([
      send({ target: '/v1/models', host: ownHost(), headers: [`Host: ${theirs}`] }),
      send({ target: '/v1/models', host: theirs, headers: [`Host: ${ownHost()}`] }),
    ]);
    expect([200, 400]).toContain(first.status);
    expect([404, 400]).toContain(second.status);
  });

  it('in a forwarding header is ignored', async () => {
    for (const name of ['X-Forwarded-Host', 'X-Host', 'X-Original-Host', 'X-Forwarded-Server']) {
      const theirs = `${name}: ${hostOf(other.projectId, 'chat')}`;
      expect((await send({ target: '/v1/embeddings', host: DOMAIN, headers: [theirs], ...vectors })).status).toBe(200);
      expect((await send({ target: '/v1/models', host: ownHost(), headers: [theirs] })).status).toBe(200);
    }
  });

  it('in the request line is ignored', async () => {
    const { projectId } = test.description;
    const theirs = hostOf(other.projectId, 'chat');
    expect((await send({ target: `http://${theirs}/v1/embeddings`, host: DOMAIN, ...vectors })).status).toBe(200);
    expect((await send({ target: `http://${theirs}/v1/models`, host: ownHost() })).status).toBe(200);
    expect((await send({ target: `http://${ownHost()}/v1/models`, host: theirs })).status).toBe(404);
    expect((await send({ target: `http://x/${projectId}/chat/v1/models`, host: DOMAIN })).status).toBe(200);
    expect((await send({ target: `http://x/${other.projectId}/chat/v1/models`, host: ownHost() })).status).toBe(404);
  });

  it.each(['/v1/../../PROJECT/chat/v1/models', '/v1/%2e%2e/%2e%2e/PROJECT/chat/v1/models', '/v1%2fmodels'])(
    'cannot be escaped by the path %s',
    async (target) => {
      const theirs = target.replace('PROJECT', other.projectId);
      expect((await send({ target: theirs, host: ownHost() })).status).toBe(404);
    },
  );

  it('cannot be escaped by additional slashes', async () => {
    const [plain, slashed] = [
      await send({ target: '/v1/embeddings', host: ownHost(), ...vectors }),
      await send({ target: '//v1//embeddings/', host: ownHost(), ...vectors }),
    ];
    // In the project of the API key, `model` would select an endpoint with this task.
    expect(plain.body).toMatchObject({ error: { code: 'wrong_task_mode' } });
    expect(rejection(slashed)).toEqual(rejection(plain));
  });
});

describe('base URL /v1', () => {
  const clientOf = (apiKey: string): OpenAI =>
    new OpenAI({ baseURL: `${test.description.baseUrl}/v1`, apiKey, maxRetries: 0 });
  const chatParams = (model: string): OpenAI.Chat.ChatCompletionCreateParamsNonStreaming =>
    scripted({ tokens: 2 }, { model }) as unknown as OpenAI.Chat.ChatCompletionCreateParamsNonStreaming;

  it('serves the project of the API key to the official SDK: models, completions, streams, embeddings', async () => {
    const client = clientOf(test.description.apiKey);
    expect((await client.models.list()).data).toMatchObject([{ id: 'scripted' }]);
    const completion = await client.chat.completions.create(chatParams('chat'));
    expect(completion.choices[0]?.message.content).toBe(numberedTokens(2));
    let text = '';
    for await (const chunk of await client.chat.completions.create({ ...chatParams('scripted'), stream: true }))
      text += chunk.choices[0]?.delta.content ?? '';
    expect(text).toBe(numberedTokens(2));
    expect((await client.embeddings.create({ model: 'vectors', input: 'one' })).data).toHaveLength(1);
  });

  it('does not expose endpoints or stored completions of another project', async () => {
    const [mine, theirs] = [clientOf(test.description.apiKey), clientOf(other.apiKey)];
    await expect(theirs.embeddings.create({ model: 'vectors', input: 'one' })).rejects.toMatchObject({
      status: 404,
      code: 'model_not_found',
    });
    const { id } = await mine.chat.completions.create({ ...chatParams('chat'), store: true });
    expect(await mine.chat.completions.retrieve(id)).toMatchObject({ id });
    await expect(theirs.chat.completions.retrieve(id)).rejects.toMatchObject({ status: 404 });
    await expect(theirs.chat.completions.delete(id)).rejects.toMatchObject({ status: 404 });
    expect((await theirs.chat.completions.list()).data).toEqual([]);
  });

  it('rejects a missing API key, an unknown one and one with another scope', async () => {
    const { baseUrl, managementKey } = test.description;
    expect((await fetch(`${baseUrl}/v1/models`)).status).toBe(401);
    await expect(clientOf(generateApiKey('demo')).models.list()).rejects.toMatchObject({ status: 401 });
    await expect(clientOf(managementKey).models.list()).rejects.toMatchObject({ status: 403 });
  });
});
