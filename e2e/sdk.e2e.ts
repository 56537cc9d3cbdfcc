/** What a person does with the official `openai` package works: nothing but the base URL and the key are ours. */
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
import { strictFindingsExplained } from './support/openai-schema.ts';
import { addTenant } from './support/tenant.ts';
import { bothEngines, testPlatform } from './support/test-platform.ts';

type ChatParams = OpenAI.Chat.ChatCompletionCreateParamsNonStreaming;

const test = testPlatform(bothEngines);

/** A client of an endpoint, and how many HTTP requests it has sent. */
function newClient(options: ClientOptions = {}, slug = 'chat'): OpenAI & { sent: () => number } {
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
  return Object.assign(client, { sent: () => sent });
}

/** A request to the scripted engine, as the SDK types it. */
const say = (script: Readonly<Record<string, unknown>>, params: Partial<ChatParams> = {}): ChatParams =>
  ({ ...scripted(script), ...params }) as ChatParams;

/** A request to the model of random weights that gives the same answer each time. */
const certain = (content: string, params: Partial<ChatParams> = {}): ChatParams => ({
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
    (value) => new Error(`This should have failed, and gave ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  );
  const { status, error: body } = error as T;
  if (status === undefined) throw error;
  test.schema.expectValid('ErrorResponse', { error: body });
  return error as T;
}

describe('chat.completions.create', () => {
  it('returns a completion with its usage', async () => {
    const completion = await newClient().chat.completions.create(say({ tokens: 5, promptTokens: 11 }));
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

  it('gives the id of the request, which is the X-Request-ID header', async () => {
    const { data, response, request_id } = await newClient()
      .chat.completions.create(say({ tokens: 1 }))
      .withResponse();
    expect(response.headers.get('x-request-id')).toMatch(/^req_/);
    expect(request_id).toBe(response.headers.get('x-request-id'));
    expect((data as { _request_id?: string })._request_id).toBe(request_id);
  });

  it('computes an answer of a real model on the CPU', async () => {
    const completion = await newClient({}, 'tiny').chat.completions.create(certain('What is the capital of France?'));
    test.schema.expectValid('CreateChatCompletionResponse', completion);
    expect(completion.model).toBe('xero-random');
    expect(completion.choices[0]?.message.content).not.toBe('');
    expect(completion.usage?.completion_tokens).toBeGreaterThan(0);
  });
});

describe('chat.completions.create with stream: true', () => {
  it.each([
    ['the scripted engine', 'chat', say({ tokens: 40 })],
    ['the model in the box', 'tiny', certain('Tell me something.')],
  ])('gives, joined, the text that %s gives without streaming', async (_, slug, params) => {
    const client = newClient({}, slug);
    const whole = await client.chat.completions.create(params);
    const chunks = await chunksOf(client, params);
    expect(textOf(chunks)).toBe(whole.choices[0]?.message.content);
    expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe(whole.choices[0]?.finish_reason);
  });

  it('says what was used in one more chunk when it is asked to, the same as without streaming', async () => {
    const client = newClient();
    const params = say({ tokens: 6, promptTokens: 9, cachedTokens: 4 });
    const whole = await client.chat.completions.create(params);
    const chunks = await chunksOf(client, { ...params, stream_options: { include_usage: true } });
    const last = chunks.pop();
    expect(last?.choices).toEqual([]);
    expect(last?.usage).toEqual(whole.usage);
    expect(last?.usage).toMatchObject({ prompt_tokens: 9, prompt_tokens_details: { cached_tokens: 4 } });
    expect(chunks.length).toBeGreaterThan(6);
    expect(chunks.every(({ usage, choices }) => usage === null && choices.length === 1)).toBe(true);
  });

  it('says nothing about usage when it is not asked to', async () => {
    const chunks = await chunksOf(newClient(), say({ tokens: 3 }));
    expect(chunks.some((chunk) => 'usage' in chunk || chunk.choices.length === 0)).toBe(false);
  });

  it('works with the helper that joins a stream', async () => {
    const stream = newClient().chat.completions.stream({
      ...say({ tokens: 12 }),
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
      .create({ ...say({ tokens: 100_000, delayMs: 20 }), stream: true })
      .withResponse();
    let abortedAt = Infinity;
    for await (const chunk of stream) {
      if (chunk.choices[0]?.delta.content !== 'tok3 ') continue;
      abortedAt = performance.now();
      stream.controller.abort();
    }
    const usage = await test.fleet.usageOf(request_id as string);
    process.stdout.write(`the worker had stopped ${(usage.heardAt - abortedAt).toFixed(1)} ms after the abort\n`);
    expect(usage.outcome).toBe('cancelled');
    expect(usage.usage.completionTokens).toBeGreaterThanOrEqual(4);
    expect(usage.usage.completionTokens).toBeLessThan(100_000);
    await test.fleet.allIdle();
  });
});

describe('an answer that is aborted before it is complete', () => {
  it('stops the worker, and the SDK says that the user aborted', async () => {
    const abort = new AbortController();
    const response = newClient().chat.completions.create(say({ tokens: 100_000, delayMs: 20 }), {
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

describe('a project', () => {
  it('has all its models behind one base URL: the model says which endpoint answers', async () => {
    const client = newClient({ baseURL: test.api.projectUrl });
    const byName = await client.chat.completions.create(certain('Hello'));
    expect([byName.model, byName.service_tier]).toEqual(['xero-random', 'self_hosted']);
    const bySlug = await client.chat.completions.create(say({ tokens: 2 }, { model: 'shared' }));
    expect([bySlug.model, bySlug.service_tier]).toEqual(['scripted', 'gpu_nvidia_shared']);
    expect(bySlug.choices[0]?.message.content).toBe(numberedTokens(2));
  });

  it('has no model of another name', async () => {
    const client = newClient({ baseURL: test.api.projectUrl });
    const error = await rejection<NotFoundError>(client.chat.completions.create(certain('Hello', { model: 'gpt-4' })));
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

  it('finds no model of another endpoint behind this one', async () => {
    const error = await rejection(newClient({}, 'tiny').models.retrieve('scripted'));
    expect(error).toBeInstanceOf(NotFoundError);
    expect(error).toMatchObject({ status: 404, code: 'model_not_found', param: 'model', type: 'not_found_error' });
  });
});

describe('an error', () => {
  const anyChat = say({ tokens: 1 });

  it.each<[string, () => ClientOptions]>([
    ['a missing key', () => ({ apiKey: 'unused', defaultHeaders: { authorization: null } })],
    ['a key of another service', () => ({ apiKey: 'sk-0123456789' })],
    [
      'a key with a typing error',
      () => ({ apiKey: test.description.apiKey.replace(/.$/, (end) => (end === 'a' ? 'b' : 'a')) }),
    ],
    ['a well-formed key that does not exist', () => ({ apiKey: generateApiKey('demo') })],
  ])('is an AuthenticationError for %s', async (_, options) => {
    const client = newClient(options());
    const error = await rejection<AuthenticationError>(client.chat.completions.create(anyChat));
    expect(error).toBeInstanceOf(AuthenticationError);
    expect(error).toMatchObject({ status: 401, type: 'authentication_error', code: 'invalid_api_key', param: null });
    expect(error.requestID).toMatch(/^req_/);
    expect(client.sent()).toBe(1);
  });

  it('is a PermissionDeniedError for a key of another scope', async () => {
    const client = newClient({ apiKey: test.description.managementKey });
    const error = await rejection(client.chat.completions.create(anyChat));
    expect(error).toBeInstanceOf(PermissionDeniedError);
    expect(error).toMatchObject({ status: 403, type: 'permission_error', code: 'scope_insufficient' });
    expect(client.sent()).toBe(1);
  });

  describe('for what is not there', () => {
    it.each<[string, string, () => string]>([
      ['project', 'project_not_found', () => test.api.with({ projectId: 'proj_NOTTHERE00' }).endpointUrl],
      ['endpoint', 'endpoint_not_found', () => test.api.with({ endpointSlug: 'not-there' }).endpointUrl],
    ])('is a NotFoundError for an unknown %s', async (_, code, baseURL) => {
      const client = newClient({ baseURL: baseURL() });
      const error = await rejection(client.chat.completions.create(anyChat));
      expect(error).toBeInstanceOf(NotFoundError);
      expect(error).toMatchObject({ status: 404, type: 'not_found_error', code });
      expect(client.sent()).toBe(1);
    });

    it("answers for another tenant's project as for one that does not exist", async () => {
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
      // And the other way round: their key does not open our project.
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

  it('is a BadRequestError that names the parameter, and is not tried again', async () => {
    const client = newClient();
    const error = await rejection(client.chat.completions.create({ ...anyChat, temperature: 3 }));
    expect(error).toBeInstanceOf(BadRequestError);
    expect(error).toMatchObject({ status: 400, type: 'invalid_request_error', param: 'temperature' });
    expect(client.sent()).toBe(1);
  });

  it('of the engine is tried again by the SDK', async () => {
    const client = newClient({ maxRetries: 1 });
    const error = await rejection(client.chat.completions.create(say({ failAfter: 0 })));
    expect(error).toMatchObject({ status: 500, type: 'server_error', code: 'engine_error' });
    expect(client.sent()).toBe(2);
  });
});

describe('the OpenAI document, taken at its word', () => {
  it('refuses of all that was answered above only what is listed with its reason', () => {
    const explained = Object.keys(strictFindingsExplained);
    expect(test.schema.strictFindings.filter((finding) => !explained.includes(finding))).toEqual([]);
  });
});
