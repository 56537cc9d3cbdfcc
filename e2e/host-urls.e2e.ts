/**
 * The base URL by host: `{endpoint}.{project}.<domain>/v1` is `/{project}/{endpoint}/v1`, and `{project}.<domain>/v1` is
 * `/{project}/v1`, for every route and every refusal. Every other host has the base URL `/v1` of the key's own project, and
 * what it says otherwise changes nothing.
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
  /** What is sent as `Host`; the gateway's own address by default. */
  readonly host?: string;
  readonly headers?: readonly string[];
  readonly key?: string;
  readonly body?: object;
}

interface Outcome {
  readonly status: number;
  /** Of an answer or of an error, parsed. */
  readonly body: Record<string, unknown>;
}

async function ask({ method, target, host, headers = [], key, body }: Exchange): Promise<Outcome> {
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

/** The error as it was said, for comparison. */
const rejection = ({ status, body }: Outcome): unknown => ({ status, error: body['error'] });

/** The host of a project, and of one of its endpoints. */
function hostOf(projectId: string, endpoint?: string): string {
  return `${endpoint === undefined ? '' : `${endpoint}.`}${projectId.toLowerCase()}.${DOMAIN}`;
}

/** The same by path and by host. */
async function bothWays(
  { endpoint, project = test.description.projectId }: { endpoint?: string; project?: string },
  target: string,
  rest: Omit<Exchange, 'target' | 'host'> = {},
): Promise<[byPath: Outcome, byHost: Outcome]> {
  const base = `/${project}${endpoint === undefined ? '' : `/${endpoint}`}`;
  return Promise.all([
    ask({ ...rest, target: base + target }),
    ask({ ...rest, target, host: hostOf(project, endpoint) }),
  ]);
}

describe('the official SDK with a base URL by host', () => {
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
  const say = (tokens: number): OpenAI.Chat.ChatCompletionCreateParamsNonStreaming =>
    scripted({ tokens }) as unknown as OpenAI.Chat.ChatCompletionCreateParamsNonStreaming;

  it('gets an answer', async () => {
    const completion = await clientAt('chat').chat.completions.create(say(3));
    expect(completion.choices[0]?.message.content).toBe(numberedTokens(3));
  });

  it('gets a stream', async () => {
    let text = '';
    for await (const chunk of await clientAt('chat').chat.completions.create({ ...say(20), stream: true }))
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

  it('gets vectors', async () => {
    const { data } = await clientAt('vectors').embeddings.create({ model: 'any', input: ['one', 'two'] });
    expect(data.map(({ embedding }) => embedding.length)).toEqual([64, 64]);
  });

  it('gets answers of the whole project, where the model picks the endpoint', async () => {
    const completion = await clientAt().chat.completions.create({ ...say(2), model: 'chat' });
    expect(completion.choices[0]?.message.content).toBe(numberedTokens(2));
    const { data } = await clientAt().embeddings.create({ model: 'vectors', input: 'one' });
    expect(data).toHaveLength(1);
  });
});

describe('by host as by path', () => {
  it('documents are put in order, by either version of the route', async () => {
    const body = { model: 'any', query: 'one', documents: ['one', 'two'] };
    for (const route of ['/v1/rerank', '/v2/rerank']) {
      const [byPath, byHost] = await bothWays({ endpoint: 'scores' }, route, { body });
      expect([byPath.status, byHost.status]).toEqual([200, 200]);
      expect(byHost.body['results']).toEqual(byPath.body['results']);
    }
  });

  it.each<[string, { endpoint?: string; project?: string }, string, Omit<Exchange, 'target'>, number]>([
    ['an endpoint that is not there', { endpoint: 'nobody' }, '/v1/models', {}, 404],
    ['an endpoint that cannot be', { endpoint: '-_-' }, '/v1/models', {}, 404],
    ['a project that is not there', { endpoint: 'chat', project: 'proj_NOBODY0000' }, '/v1/models', {}, 404],
    ['a project that is not there, as a whole', { project: 'proj_NOBODY0000' }, '/v1/models', {}, 404],
    ['a project that cannot be', { project: `proj_${'X'.repeat(58)}` }, '/v1/models', {}, 404],
    ['a route that is not there', { endpoint: 'chat' }, '/v1/moderations', { body: {} }, 404],
    ['nothing below the version', { endpoint: 'chat' }, '/v1', {}, 404],
    ['a broken escape', { endpoint: 'chat' }, '/v1/models/%zz', {}, 400],
    ['a wrong method', { endpoint: 'chat' }, '/v1/chat/completions', { method: 'PUT' }, 405],
    ['a wrong key', { endpoint: 'chat' }, '/v1/models', { key: 'xero_wrong' }, 401],
    ['no body', { endpoint: 'chat' }, '/v1/chat/completions', { body: {} }, 400],
    ['an endpoint for something else', { endpoint: 'vectors' }, '/v1/chat/completions', { body: scripted({}) }, 400],
  ])('%s is refused', async (_, address, target, rest, status) => {
    const [byPath, byHost] = await bothWays(address, target, rest);
    expect(byPath.status).toBe(status);
    expect(rejection(byHost)).toEqual(rejection(byPath));
  });

  it('a host is the same, however it is written', async () => {
    const { projectId } = test.description;
    const host = hostOf(projectId, 'chat');
    const asWritten = `chat.${projectId}.${DOMAIN}`;
    for (const spelling of [host.toUpperCase(), asWritten, `${host}.`, `${host}:443`, `${asWritten}.:8080`])
      expect((await ask({ target: '/v1/models', host: spelling })).status).toBe(200);
  });

  it('another tenant is not there', async () => {
    for (const endpoint of ['chat', undefined]) {
      const theirs = await bothWays({ ...(endpoint && { endpoint }), project: other.projectId }, '/v1/models');
      expect(theirs.map(({ status }) => status)).toEqual([404, 404]);
      expect(rejection(theirs[1])).toEqual(rejection(theirs[0]));
      const ours = await bothWays({ ...(endpoint && { endpoint }) }, '/v1/models', { key: other.apiKey });
      expect(ours.map(({ status }) => status)).toEqual([404, 404]);
      expect(rejection(ours[1])).toEqual(rejection(ours[0]));
    }
    const own = await bothWays({ endpoint: 'chat', project: other.projectId }, '/v1/models', { key: other.apiKey });
    expect(own.map(({ status }) => status)).toEqual([200, 200]);
  });
});

describe('a path that carries the project already', () => {
  it('is not written twice, and is what counts', async () => {
    const { projectId } = test.description;
    const target = `/${projectId}/chat/v1/models`;
    for (const host of [hostOf(projectId, 'chat'), hostOf(projectId), hostOf(other.projectId, 'chat')])
      expect((await ask({ target, host })).status).toBe(200);
    const theirs = `/${other.projectId}/chat/v1/models`;
    expect((await ask({ target: theirs, host: hostOf(projectId, 'chat') })).status).toBe(404);
  });
});

/** What tells the two projects apart: only ours has an endpoint `vectors`. */
const vectors = { body: { model: 'vectors', input: 'one' } };

describe('a host that is not one of ours', () => {
  const ours = (): string => hostOf(test.description.projectId, 'chat');

  it.each<[string, () => string]>([
    ['the domain itself', () => DOMAIN],
    ['an endpoint without a project', () => `chat.${DOMAIN}`],
    ['below another domain', () => ours().replace(DOMAIN, 'example.test')],
    ['that only begins like ours', () => `${ours()}.evil.test`],
    ['with a user', () => `user:pass@${ours()}`],
    ['that are two', () => `${ours()}, ${ours()}`],
    ['with an encoded slash', () => `chat%2fv1.${hostOf(test.description.projectId)}`],
    ['with a slash', () => `a/${ours()}`],
    ['with a letter that is not ASCII', () => ours().replace('chat', 'ch\u00e4t')],
    ['with a label that is too long', () => `${'a'.repeat(64)}.${hostOf(test.description.projectId)}`],
    ['with ten thousand letters', () => `${'a.'.repeat(5_000)}${ours()}`],
    ['that is empty', () => ''],
    ['that is a path', () => '../../etc/passwd'],
  ])('%s is 400, or serves the project of the key and no other', async (_, host) => {
    const own = await ask({ target: '/v1/embeddings', host: host(), ...vectors });
    expect([200, 400]).toContain(own.status);
    const theirs = await ask({ target: '/v1/embeddings', host: host(), key: other.apiKey, ...vectors });
    expect(theirs.status).toBe(own.status === 200 ? 404 : 400);
    expect(theirs.body).toMatchObject({ error: { code: own.status === 200 ? 'model_not_found' : 'invalid_request' } });
    expect((await ask({ target: '/v1/models', host: ours() })).status).toBe(200);
  });

  it('that comes twice is the first one, and never more than its key may see', async () => {
    const theirs = hostOf(other.projectId, 'chat');
    const [first, second] = await Promise.all([
      ask({ target: '/v1/models', host: ours(), headers: [`Host: ${theirs}`] }),
      ask({ target: '/v1/models', host: theirs, headers: [`Host: ${ours()}`] }),
    ]);
    expect([200, 400]).toContain(first.status);
    expect([404, 400]).toContain(second.status);
  });

  it('in another header is not looked at', async () => {
    for (const name of ['X-Forwarded-Host', 'X-Host', 'X-Original-Host', 'X-Forwarded-Server']) {
      const theirs = `${name}: ${hostOf(other.projectId, 'chat')}`;
      expect((await ask({ target: '/v1/embeddings', host: DOMAIN, headers: [theirs], ...vectors })).status).toBe(200);
      expect((await ask({ target: '/v1/models', host: ours(), headers: [theirs] })).status).toBe(200);
    }
  });

  it('in the request line is not looked at', async () => {
    const { projectId } = test.description;
    const theirs = hostOf(other.projectId, 'chat');
    expect((await ask({ target: `http://${theirs}/v1/embeddings`, host: DOMAIN, ...vectors })).status).toBe(200);
    expect((await ask({ target: `http://${theirs}/v1/models`, host: ours() })).status).toBe(200);
    expect((await ask({ target: `http://${ours()}/v1/models`, host: theirs })).status).toBe(404);
    expect((await ask({ target: `http://x/${projectId}/chat/v1/models`, host: DOMAIN })).status).toBe(200);
    expect((await ask({ target: `http://x/${other.projectId}/chat/v1/models`, host: ours() })).status).toBe(404);
  });

  it.each(['/v1/../../PROJECT/chat/v1/models', '/v1/%2e%2e/%2e%2e/PROJECT/chat/v1/models', '/v1%2fmodels'])(
    'cannot be left by the path %s',
    async (target) => {
      const theirs = target.replace('PROJECT', other.projectId);
      expect((await ask({ target: theirs, host: ours() })).status).toBe(404);
    },
  );

  it('cannot be left by further slashes: they are still of its endpoint', async () => {
    const [plain, slashed] = [
      await ask({ target: '/v1/embeddings', host: ours(), ...vectors }),
      await ask({ target: '//v1//embeddings/', host: ours(), ...vectors }),
    ];
    // Were it the key's project, `model` would pick an endpoint that can do it.
    expect(plain.body).toMatchObject({ error: { code: 'wrong_task_mode' } });
    expect(rejection(slashed)).toEqual(rejection(plain));
  });
});

describe('the base URL of a key alone', () => {
  const clientOf = (apiKey: string): OpenAI =>
    new OpenAI({ baseURL: `${test.description.baseUrl}/v1`, apiKey, maxRetries: 0 });
  const say = (model: string): OpenAI.Chat.ChatCompletionCreateParamsNonStreaming =>
    scripted({ tokens: 2 }, { model }) as unknown as OpenAI.Chat.ChatCompletionCreateParamsNonStreaming;

  it('is that of its project for the official SDK: models, answers, streams, vectors', async () => {
    const client = clientOf(test.description.apiKey);
    expect((await client.models.list()).data).toMatchObject([{ id: 'scripted' }]);
    const completion = await client.chat.completions.create(say('chat'));
    expect(completion.choices[0]?.message.content).toBe(numberedTokens(2));
    let text = '';
    for await (const chunk of await client.chat.completions.create({ ...say('scripted'), stream: true }))
      text += chunk.choices[0]?.delta.content ?? '';
    expect(text).toBe(numberedTokens(2));
    expect((await client.embeddings.create({ model: 'vectors', input: 'one' })).data).toHaveLength(1);
  });

  it('shows a key nothing of another project: no endpoint, and no stored completion', async () => {
    const [mine, theirs] = [clientOf(test.description.apiKey), clientOf(other.apiKey)];
    await expect(theirs.embeddings.create({ model: 'vectors', input: 'one' })).rejects.toMatchObject({
      status: 404,
      code: 'model_not_found',
    });
    const { id } = await mine.chat.completions.create({ ...say('chat'), store: true });
    expect(await mine.chat.completions.retrieve(id)).toMatchObject({ id });
    await expect(theirs.chat.completions.retrieve(id)).rejects.toMatchObject({ status: 404 });
    await expect(theirs.chat.completions.delete(id)).rejects.toMatchObject({ status: 404 });
    expect((await theirs.chat.completions.list()).data).toEqual([]);
  });

  it('is refused without a key, with one that nobody has, and with one of another scope', async () => {
    const { baseUrl, managementKey } = test.description;
    expect((await fetch(`${baseUrl}/v1/models`)).status).toBe(401);
    await expect(clientOf(generateApiKey('demo')).models.list()).rejects.toMatchObject({ status: 401 });
    await expect(clientOf(managementKey).models.list()).rejects.toMatchObject({ status: 403 });
  });
});
