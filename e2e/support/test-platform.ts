/** The platform of one test file: started before its first test, stopped after its last. */
import { llamaPlatform, scriptedPlatform } from '@xerotier/dev';
import type { PlatformDescription } from '@xerotier/dev';
import { eventually } from '@xerotier/testing';
import { writeTinyModel } from '@xerotier/tiny-model';
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { ApiClient, scripted } from './api-client.ts';
import { FleetWatch } from './fleet-watch.ts';
import { OpenaiSchema } from './openai-schema.ts';
import { startOnSharedServices, startDedicatedPlatform } from './suite-platform.ts';
import type { DedicatedPlatform, PlatformPlan, SuitePlatform } from './suite-platform.ts';

export type { PlatformPlan } from './suite-platform.ts';

/** @param folder for model files; it is removed after the last test. */
export type MakePlan = (folder: string) => PlatformPlan | Promise<PlatformPlan>;

type StartPlatform<P> = (plan: PlatformPlan, folder: string) => Promise<P>;

/** The first start may have to download the servers. */
const START_TIMEOUT_MS = 300_000;

export class TestPlatform<P extends SuitePlatform = SuitePlatform> {
  readonly schema = new OpenaiSchema();
  readonly #startPlatform: StartPlatform<P>;
  #platform: P | undefined;
  #fleet: FleetWatch | undefined;
  #folder = '';

  constructor(startPlatform: StartPlatform<P>) {
    this.#startPlatform = startPlatform;
  }

  get platform(): P {
    if (this.#platform === undefined) throw new Error('the platform is not running: use it inside a test');
    return this.#platform;
  }

  get description(): PlatformDescription {
    return this.platform.description;
  }

  get fleet(): FleetWatch {
    if (this.#fleet === undefined) throw new Error('the platform is not running: use it inside a test');
    return this.#fleet;
  }

  /** Returns a client of the first endpoint with the seeded API key. */
  get api(): ApiClient {
    return new ApiClient(this.description, this.schema);
  }

  async start(makePlan: MakePlan): Promise<void> {
    this.#folder = await mkdtemp(join(tmpdir(), 'xerotier-e2e-'));
    const plan = await makePlan(this.#folder);
    const platform = await this.#startPlatform(plan, this.#folder);
    this.#platform = platform;
    const modelIds = plan.models.map(({ id }) => platform.modelId(id));
    this.#fleet = await FleetWatch.connect(platform.description.natsUrl, modelIds);
    await this.ready();
  }

  /** @throws {Error} when a generation is still running, or a shared service has changed. */
  async stop(): Promise<void> {
    try {
      await this.#fleet?.noneBusy();
      await this.#platform?.checkShared();
    } finally {
      await this.#fleet?.close();
      await this.#copyLogs();
      await this.#platform?.stop();
      await rm(this.#folder, { recursive: true, force: true });
    }
  }

  /** Copies the logs to the folder `E2E_LOGS`, by suite, since the folder of the platform is removed. */
  async #copyLogs(): Promise<void> {
    const logs = process.env['E2E_LOGS'];
    if (logs === undefined) return;
    const folder = join(logs, basename(expect.getState().testPath ?? 'suite', '.e2e.ts'));
    await mkdir(folder, { recursive: true });
    for (const { spec } of this.#platform?.services ?? [])
      await copyFile(spec.logFile, join(folder, basename(spec.logFile)));
  }

  /** Waits until the first endpoint serves requests. */
  async ready(): Promise<void> {
    await eventually('the platform is ready', () => this.api.chat(scripted({ tokens: 1 }, { max_tokens: 1 })), 60_000);
  }
}

/**
 * Starts a project with its own models and workers on the shared services. Must be called at the top level of a file; the
 * result is available inside tests only.
 */
export function testPlatform(plan: MakePlan): TestPlatform {
  return startedAround(new TestPlatform(startOnSharedServices), plan);
}

/** As {@link testPlatform}, with dedicated servers and services, for suites that stop them or read their logs. */
export function dedicatedPlatform(plan: MakePlan): TestPlatform<DedicatedPlatform> {
  return startedAround(new TestPlatform(startDedicatedPlatform), plan);
}

function startedAround<P extends SuitePlatform>(test: TestPlatform<P>, plan: MakePlan): TestPlatform<P> {
  beforeAll(() => test.start(plan), START_TIMEOUT_MS);
  beforeEach(() => test.fleet.ignoreRunning());
  afterAll(() => test.stop(), START_TIMEOUT_MS);
  return test;
}

/**
 * Both engines in one project: endpoint `chat` on a scripted worker, endpoint `tiny` on a real engine with random weights
 * (whose completions are meaningless and end only at their limit), and endpoint `shared` on the scripted worker in another
 * tier.
 */
export async function bothEngines(folder: string): Promise<PlatformPlan> {
  const script = scriptedPlatform({ slots: 8 });
  const modelPath = join(folder, 'random.gguf');
  await writeTinyModel(modelPath);
  const random = llamaPlatform('xero-random', modelPath, 4_096);
  return {
    models: [...script.models, ...random.models],
    endpoints: [
      ...script.endpoints,
      ...random.endpoints.map((endpoint) => ({ ...endpoint, slug: 'tiny' })),
      ...script.endpoints.map((endpoint) => ({ ...endpoint, slug: 'shared', tier: 'gpu_nvidia_shared' })),
    ],
    workers: [...script.workers, ...random.workers],
  };
}

/** Returns the plan with the given context size of its workers. */
export function withContext<P extends PlatformPlan>(plan: P, contextTokens: number): P {
  const workers = plan.workers.map((worker) => ({
    ...worker,
    env: { ...worker.env, XIM_CONTEXT_TOKENS: String(contextTokens) },
  }));
  return { ...plan, workers };
}
