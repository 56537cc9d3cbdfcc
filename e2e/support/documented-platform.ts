/** The platform of the documented tables: the bundled model, a model with random weights, and an upstream of a worker. */
import { bundledPlatform, llamaPlatform, together } from '@xerotier/dev';
import { writeTinyModel } from '@xerotier/tiny-model';
import { join } from 'node:path';
import type { ApiResponse, ApiClient, ChatBody, Completion } from './api-client.ts';
import { hello } from './chat-checks.ts';
import type { Json } from './recorded-exchanges.ts';
import { ScriptedUpstream } from './scripted-upstream.ts';
import { testPlatform } from './test-platform.ts';
import type { PlatformPlan, TestPlatform } from './test-platform.ts';

type Endpoint = PlatformPlan['endpoints'][number];

export interface DocumentedPlatform {
  readonly test: TestPlatform;
  readonly upstream: ScriptedUpstream;
  at(endpointSlug: string): ApiClient;
  /** Creates a completion of the bundled model at temperature 0, on the engine `llama`; default prompt: the capital of France. */
  bundled(params?: ChatBody): Promise<ApiResponse<Completion>>;
  /** Creates a completion of the random model on the engine `llama`, which shows the effect of every sampling parameter. */
  random(params?: ChatBody): Promise<ApiResponse<Completion>>;
  /** Returns what the upstream behind the engine `openai` receives for a request. */
  forwarded(params: ChatBody): Promise<Json>;
}

/** Must be called at the top level of a file; the result is available inside tests only. */
export function documentedPlatform(
  more: { endpoints?: readonly Endpoint[]; models?: PlatformPlan['models'] } = {},
): DocumentedPlatform {
  const upstream = new ScriptedUpstream();
  const test = testPlatform(async (folder) => {
    await upstream.start();
    const modelPath = join(folder, 'random.gguf');
    await writeTinyModel(modelPath);
    const plan = together(
      upstream.plan(),
      renamed('bundled', bundledPlatform()),
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
    bundled: (params) => at('bundled').chat(bundledBody(params)),
    random: (params) => at('random').chat(hello({ temperature: 0, ...params })),
    async forwarded(params) {
      upstream.takeRequests();
      const body: ChatBody = { model: 'm', messages: [{ role: 'user', content: 'Hello' }], ...params };
      if (body['stream'] === true) await (await at('chat').stream(body)).ended;
      else await at('chat').chat(body);
      return upstream.takeRequests()[0]?.body ?? {};
    },
  };
}

/** Returns the first endpoint of a plan under another slug, with its model and worker only. */
function renamed(slug: string, { models, endpoints, workers }: PlatformPlan): PlatformPlan {
  const [endpoint] = endpoints;
  if (endpoint === undefined) throw new Error('the plan has no endpoint');
  const { modelId } = endpoint;
  return {
    models: models.filter(({ id }) => id === modelId),
    endpoints: [{ ...endpoint, slug }],
    workers: workers.filter((worker) => worker.modelId === modelId),
  };
}

/** A request to the bundled model at temperature 0. */
export function bundledBody(params: ChatBody = {}): ChatBody {
  return {
    model: 'xero-tiny',
    temperature: 0,
    max_tokens: 200,
    ...withPrompt('What is the capital of France?'),
    ...params,
  };
}

export function withPrompt(content: string): ChatBody {
  return { messages: [{ role: 'user', content }] };
}

/** Untyped JSON. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Fields = Record<string, any>;

/** Returns the first choice with all its fields. */
export function choiceOf({ body }: ApiResponse<Completion>): Fields {
  return body.choices[0] as unknown as Fields;
}
