/** The official `openai` package works unchanged: only base URL and API key are configured. */
import { generateApiKey } from '@xerotier/api-keys';
import OpenAI, {
  APIUserAbortError,
  AuthenticationError,
  BadRequestError,
  NotFoundError,
  PermissionDeniedError,
} from 'openai';
import type { APIError, ClientOptions } from 'openai';
import { numberedTokens, scripted } from './support/api-client.ts';
import { knownDeviations } from './support/openai-schema.ts';
import { addTenant } from './support/tenant.ts';
import { bothEngines, testPlatform } from './support/test-platform.ts';

type ChatParams = OpenAI.Chat.ChatCompletionCreateParamsNonStreaming;

const test = testPlatform(bothEngines);

/** Creates a client of an endpoint that counts the HTTP requests it sends. */
function newClient(options: ClientOptions = {}, slug = 'chat'): OpenAI & { sentRequests: () => number } {
  let sent = 0;
  const client = new OpenAI({
    baseURL: test.api.with({ endpointSlug: slug }).endpointUrl,
    apiKey: test.description.apiKey,
    fetch: (url, init) => {
      sent += 1;
      return fetch(url, init);
    },
    ...options,
  });
  return Object.assign(client, { sentRequests: () => sent });
}

/** A request to the scripted engine, in the type of the SDK. */
const scriptedParams = (script: Readonly<Record<string, unknown>>, params: Partial<ChatParams> = {}): ChatParams =>
  ({ ...scripted(script), ...params }) as ChatParams;

/** A deterministic request to the model with random weights. */
const deterministicParams = (content: string, params: Partial<ChatParams> = {}): ChatParams => ({
  model: 'xero-random',
  messages: [{ role: 'user', content }],
  temperature: 0,
  seed: 7,
  max_tokens: 24,
  ...params,
});

async function chunksOf(client: OpenAI, params: ChatParams): Promise<OpenAI.Chat.ChatCompletionChunk[]> {
  const chunks: OpenAI.Chat.ChatCompletionChunk[] = [];
  for await (const chunk of await client.chat.completions.create({ ...params, stream: true })) {
    chunks.push(test.schema.expectValid('CreateChatCompletionStreamResponse', chunk));
  }
  return chunks;
}

const textOf = (chunks: readonly OpenAI.Chat.ChatCompletionChunk[]): string =>
  chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('');

async function rejection<T extends APIError>(promise: PromiseLike<unknown>): Promise<T> {
  const error: unknown = await promise.then(
    (value) => new Error(`expected a rejected request, got: ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  );
  const { status, error: body } = error as T;
  if (status === undefined) throw error;
  test.schema.expectValid('ErrorResponse', { error: body });
  return error as T;
}

describe('chat.completions.create', () => {
  it('returns a completion with its usage', async () => {
    const completion = await newClient().chat.completions.create(scriptedParams({ tokens: 5, promptTokens: 11 }));
    test.schema.expectValid('CreateChatCompletionResponse', completion);
    expect(completion.object).toBe('chat.completion');
    expect(completion.choices).toEqual([
      {
        index: 0,
        message: { role: 'assistant', content: numberedTokens(5), refusal: null, annotations: [] },
        logprobs: null,
        finish_reason: 'stop',
      },
    ]);
    expect(completion.usage).toMatchObject({ prompt_tokens: 11, completion_tokens: 5, total_tokens: 16 });
  });

  it('returns the request id of the X-Request-ID header', async () => {
    const { data, response, request_id } = await newClient()
      .chat.completions.create(scriptedParams({ tokens: 1 }))
      .withResponse();
    expect(response.headers.get('x-request-id')).toMatch(/^req_/);
    expect(request_id).toBe(response.headers.get('x-request-id'));
    expect((data as { _request_id?: string })._request_id).toBe(request_id);
  });

  it('returns a completion of a real model on the CPU', async () => {
    const completion = await newClient({}, 'tiny').chat.completions.create(
      deterministicParams('What is the capital of France?'),
    );
    test.schema.expectValid('CreateChatCompletionResponse', completion);
    expect(completion.model).toBe('xero-random');
    expect(completion.choices[0]?.message.content).not.toBe('');
    expect(completion.usage?.completion_tokens).toBeGreaterThan(0);
  });
});

describe('chat.completions.create with stream: true', () => {
  it.each([
    ['the scripted engine', 'chat', scriptedParams({ tokens: 40 })],
    ['the random model', 'tiny', deterministicParams('Tell me something.')],
  ])('streams the text that %s returns without streaming', async (_, slug, params) => {
    const client = newClient({}, slug);
    const whole = await client.chat.completions.create(params);
    const chunks = await chunksOf(client, params);
    expect(textOf(chunks)).toBe(whole.choices[0]?.message.content);
    expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe(whole.choices[0]?.finish_reason);
  });

  it('sends the usage in a last chunk with include_usage, the same as without streaming', async () => {
    const client = newClient();
    const params = scriptedParams({ tokens: 6, promptTokens: 9, cachedTokens: 4 });
    const whole = await client.chat.completions.create(params);
    const chunks = await chunksOf(client, { ...params, stream_options: { include_usage: true } });
    const last = chunks.pop();
    expect(last?.choices).toEqual([]);
    expect(last?.usage).toEqual(whole.usage);
    expect(last?.usage).toMatchObject({ prompt_tokens: 9, prompt_tokens_details: { cached_tokens: 4 } });
    expect(chunks.length).toBeGreaterThan(6);
    expect(chunks.every(({ usage, choices }) => usage === null && choices.length === 1)).toBe(true);
  });

  it('sends no usage without include_usage', async () => {
    const chunks = await chunksOf(newClient(), scriptedParams({ tokens: 3 }));
    expect(chunks.some((chunk) => 'usage' in chunk || chunk.choices.length === 0)).toBe(false);
  });

  it('works with the stream helper', async () => {
    const stream = newClient().chat.completions.stream({
      ...scriptedParams({ tokens: 12 }),
      stream: true,
      stream_options: { include_usage: true },
    });
    const completion = await stream.finalChatCompletion();
    expect(completion.choices[0]?.message.content).toBe(numberedTokens(12));
    expect(completion.usage?.completion_tokens).toBe(12);
  });

  it('stops the worker when it is aborted', async () => {
    const client = newClient();
    const { data: stream, request_id } = await client.chat.completions
      .create({ ...scriptedParams({ tokens: 100_000, delayMs: 20 }), stream: true })
      .withResponse();
    let abortedAt = Infinity;
    for await (const chunk of stream) {
      if (chunk.choices[0]?.delta.content !== 'tok3 ') continue;
      abortedAt = performance.now();
      stream.controller.abort();
    }
    const usage = await test.fleet.usageOf(request_id as string);
    process.stdout.write(`the worker had stopped ${(usage.receivedAt - abortedAt).toFixed(1)} ms after the abort\n`);
    expect(usage.outcome).toBe('cancelled');
    expect(usage.usage.completionTokens).toBeGreaterThanOrEqual(4);
    expect(usage.usage.completionTokens).toBeLessThan(100_000);
    await test.fleet.allIdle();
  });
});

describe('completion that is aborted', () => {
  it('stops the worker, and the SDK throws APIUserAbortError', async () => {
    const abort = new AbortController();
    const response = newClient().chat.completions.create(scriptedParams({ tokens: 100_000, delayMs: 20 }), {
      signal: abort.signal,
    });
    const outcome = response.then(
      () => undefined,
      (error: unknown) => error,
    );
    await test.fleet.busyWorker();
    abort.abort();
    expect(await outcome).toBeInstanceOf(APIUserAbortError);
    await test.fleet.allIdle();
  });
});

describe('base URL of a project', () => {
  it('serves all models: the model selects the endpoint', async () => {
    const client = newClient({ baseURL: test.api.projectUrl });
    const byName = await client.chat.completions.create(deterministicParams('Hello'));
    expect([byName.model, byName.service_tier]).toEqual(['xero-random', 'self_hosted']);
    const bySlug = await client.chat.completions.create(scriptedParams({ tokens: 2 }, { model: 'shared' }));
    expect([bySlug.model, bySlug.service_tier]).toEqual(['scripted', 'gpu_nvidia_shared']);
    expect(bySlug.choices[0]?.message.content).toBe(numberedTokens(2));
  });

  it('returns a NotFoundError for an unknown model', async () => {
    const client = newClient({ baseURL: test.api.projectUrl });
    const error = await rejection<NotFoundError>(
      client.chat.completions.create(deterministicParams('Hello', { model: 'gpt-4' })),
    );
    expect(error).toBeInstanceOf(NotFoundError);
    expect([error.code, error.param]).toEqual(['model_not_found', 'model']);
  });
});

describe('models', () => {
  it('lists the one model of an endpoint', async () => {
    const page = await newClient({}, 'tiny').models.list();
    test.schema.expectValid('ListModelsResponse', { object: page.object, data: page.data });
    expect(page.data).toEqual([
      { id: 'xero-random', object: 'model', created: expect.any(Number), owned_by: 'Xerotier.ai' },
    ]);
    // Seconds, not milliseconds.
    expect(Math.abs((page.data[0]?.created ?? 0) - Date.now() / 1_000)).toBeLessThan(86_400);
  });

  it("lists each model of a project's endpoints once", async () => {
    const page = await newClient({ baseURL: test.api.projectUrl }).models.list();
    expect(page.data.map(({ id }) => id).sort()).toEqual(['scripted', 'xero-random']);
  });

  it.each([
    ['an endpoint', () => test.api.with({ endpointSlug: 'tiny' }).endpointUrl],
    ['a project', () => test.api.projectUrl],
  ])('retrieves a model of %s by its name', async (_, baseURL) => {
    const model = await newClient({ baseURL: baseURL() }).models.retrieve('xero-random');
    test.schema.expectValid('Model', model);
    expect(model.id).toBe('xero-random');
  });

  it('does not retrieve a model of another endpoint', async () => {
    const error = await rejection(newClient({}, 'tiny').models.retrieve('scripted'));
    expect(error).toBeInstanceOf(NotFoundError);
    expect(error).toMatchObject({ status: 404, code: 'model_not_found', param: 'model', type: 'not_found_error' });
  });
});

describe('error', () => {
  const anyChat = scriptedParams({ tokens: 1 });

  it.each<[string, () => ClientOptions]>([
    ['a missing key', () => ({ apiKey: 'unused', defaultHeaders: { authorization: null } })],
    ['a key of another service', () => ({ apiKey: 'sk-0123456789' })],
    [
      'a key with a typo',
      () => ({ apiKey: test.description.apiKey.replace(/.$/, (end) => (end === 'a' ? 'b' : 'a')) }),
    ],
    ['a well-formed key that does not exist', () => ({ apiKey: generateApiKey('demo') })],
  ])('is an AuthenticationError for %s', async (_, options) => {
    const client = newClient(options());
    const error = await rejection<AuthenticationError>(client.chat.completions.create(anyChat));
    expect(error).toBeInstanceOf(AuthenticationError);
    expect(error).toMatchObject({ status: 401, type: 'authentication_error', code: 'invalid_api_key', param: null });
    expect(error.requestID).toMatch(/^req_/);
    expect(client.sentRequests()).toBe(1);
  });

  it('is a PermissionDeniedError for a key with another scope', async () => {
    const client = newClient({ apiKey: test.description.managementKey });
    const error = await rejection(client.chat.completions.create(anyChat));
    expect(error).toBeInstanceOf(PermissionDeniedError);
    expect(error).toMatchObject({ status: 403, type: 'permission_error', code: 'scope_insufficient' });
    expect(client.sentRequests()).toBe(1);
  });

  describe('for an unknown resource', () => {
    it.each<[string, string, () => string]>([
      ['project', 'project_not_found', () => test.api.with({ projectId: 'proj_NOTTHERE00' }).endpointUrl],
      ['endpoint', 'endpoint_not_found', () => test.api.with({ endpointSlug: 'not-there' }).endpointUrl],
    ])('is a NotFoundError for an unknown %s', async (_, code, baseURL) => {
      const client = newClient({ baseURL: baseURL() });
      const error = await rejection(client.chat.completions.create(anyChat));
      expect(error).toBeInstanceOf(NotFoundError);
      expect(error).toMatchObject({ status: 404, type: 'not_found_error', code });
      expect(client.sentRequests()).toBe(1);
    });

    it("is the same for another tenant's project as for an unknown one", async () => {
      const stranger = await addTenant(test.platform, 'scripted');
      const theirs = newClient({ baseURL: test.api.with(stranger).endpointUrl, apiKey: stranger.apiKey });
      expect((await theirs.chat.completions.create(anyChat)).choices).toHaveLength(1);

      const withOurKey = newClient({ baseURL: test.api.with(stranger).endpointUrl });
      const foreign = await rejection(withOurKey.chat.completions.create(anyChat));
      const missing = await rejection(
        newClient({ baseURL: test.api.with({ projectId: 'proj_NOTTHERE00' }).endpointUrl }).chat.completions.create(
          anyChat,
        ),
      );
      expect(foreign).toBeInstanceOf(NotFoundError);
      const shape = ({ status, type, code, message }: APIError): unknown[] => [
        status,
        type,
        code,
        message.replace(stranger.projectId, 'proj_NOTTHERE00'),
      ];
      expect(shape(foreign)).toEqual(shape(missing));
      // And vice versa: the key of the other tenant gives no access to this project.
      const error = await rejection(newClient({ apiKey: stranger.apiKey }).chat.completions.create(anyChat));
      expect(error).toBeInstanceOf(NotFoundError);
      expect(await rejection(withOurKey.models.list())).toBeInstanceOf(NotFoundError);
    });

    it('is a NotFoundError for an unknown model', async () => {
      const error = await rejection(newClient().models.retrieve('no/such-model'));
      expect(error).toBeInstanceOf(NotFoundError);
      expect(error).toMatchObject({ code: 'model_not_found', param: 'model' });
    });
  });

  it('is a BadRequestError with its param, which the SDK does not retry', async () => {
    const client = newClient();
    const error = await rejection(client.chat.completions.create({ ...anyChat, temperature: 3 }));
    expect(error).toBeInstanceOf(BadRequestError);
    expect(error).toMatchObject({ status: 400, type: 'invalid_request_error', param: 'temperature' });
    expect(client.sentRequests()).toBe(1);
  });

  it('of the engine is retried by the SDK', async () => {
    const client = newClient({ maxRetries: 1 });
    const error = await rejection(client.chat.completions.create(scriptedParams({ failAfter: 0 })));
    expect(error).toMatchObject({ status: 500, type: 'server_error', code: 'engine_error' });
    expect(client.sentRequests()).toBe(2);
  });
});

describe('literal OpenAI document', () => {
  it('rejects only what is listed with a reason, over all responses above', () => {
    const explained = Object.keys(knownDeviations);
    expect(test.schema.strictFindings.filter((finding) => !explained.includes(finding))).toEqual([]);
  });
});
