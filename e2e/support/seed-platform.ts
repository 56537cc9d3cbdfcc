/** What the tables of the documents are tried on: the model in the box, a model of random weights, and a server behind a worker. */
import { boxPlatform, llamaPlatform, together } from '@xerotier/dev';
import { writeTinyModel } from '@xerotier/tiny-model';
import { join } from 'node:path';
import type { ApiResponse, ApiClient, ChatBody, Completion } from './api-client.ts';
import { hello } from './chat-checks.ts';
import type { Json } from './recorded-exchanges.ts';
import { ScriptedUpstream } from './scripted-upstream.ts';
import { testPlatform } from './test-platform.ts';
import type { PlatformPlan, TestPlatform } from './test-platform.ts';

type Endpoint = PlatformPlan['endpoints'][number];

export interface SeedPlatform {
  readonly test: TestPlatform;
  readonly upstream: ScriptedUpstream;
  at(endpointSlug: string): ApiClient;
  /** The likeliest answer of the model in the box, on the engine `llama`; asked for the capital of France unless told otherwise. */
  box(params?: ChatBody): Promise<ApiResponse<Completion>>;
  /** An answer of random weights on the engine `llama`, where every parameter of sampling shows. */
  random(params?: ChatBody): Promise<ApiResponse<Completion>>;
  /** What the server behind the engine `openai` is sent for a request. */
  passedOn(params: ChatBody): Promise<Json>;
}

/** Call it at the top of a file; use the result inside tests only. */
export function seedPlatform(
  more: { endpoints?: readonly Endpoint[]; models?: PlatformPlan['models'] } = {},
): SeedPlatform {
  const upstream = new ScriptedUpstream();
  const test = testPlatform(async (folder) => {
    await upstream.start();
    const modelPath = join(folder, 'random.gguf');
    await writeTinyModel(modelPath);
    const plan = together(
      upstream.plan(),
      renamed('box', boxPlatform()),
      renamed('random', llamaPlatform('xero-random', modelPath, 4_096)),
    );
    return {
      ...plan,
      models: [...plan.models, ...(more.models ?? [])],
      endpoints: [...plan.endpoints, ...(more.endpoints ?? [])],
    };
  });
  afterAll(() => upstream.stop());
  beforeEach(() => {
    upstream.reply = undefined;
    upstream.takeRequests();
  });
  const at = (endpointSlug: string): ApiClient => test.api.with({ endpointSlug });
  return {
    test,
    upstream,
    at,
    box: (params) => at('box').chat(ofBox(params)),
    random: (params) => at('random').chat(hello({ temperature: 0, ...params })),
    async passedOn(params) {
      upstream.takeRequests();
      const body: ChatBody = { model: 'm', messages: [{ role: 'user', content: 'Hello' }], ...params };
      if (body['stream'] === true) await (await at('chat').stream(body)).ended;
      else await at('chat').chat(body);
      return upstream.takeRequests()[0]?.body ?? {};
    },
  };
}

/** The worker of a platform's first endpoint, behind an endpoint of another name; whatever else it has is left out. */
function renamed(slug: string, { models, endpoints, workers }: PlatformPlan): PlatformPlan {
  const [endpoint] = endpoints;
  if (endpoint === undefined) throw new Error('this platform has no endpoint');
  const { modelId } = endpoint;
  return {
    models: models.filter(({ id }) => id === modelId),
    endpoints: [{ ...endpoint, slug }],
    workers: workers.filter((worker) => worker.modelId === modelId),
  };
}

/** A request to the model in the box, for its likeliest answer. */
export function ofBox(params: ChatBody = {}): ChatBody {
  return {
    model: 'xero-tiny',
    temperature: 0,
    max_tokens: 200,
    ...asking('What is the capital of France?'),
    ...params,
  };
}

export function asking(content: string): ChatBody {
  return { messages: [{ role: 'user', content }] };
}

/** JSON that a test looks at without saying what it is. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Fields = Record<string, any>;

/** The first choice, with whatever its engine put into it. */
export function choiceOf({ body }: ApiResponse<Completion>): Fields {
  return body.choices[0] as unknown as Fields;
}
