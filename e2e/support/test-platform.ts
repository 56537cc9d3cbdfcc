/** A whole platform for one test file: started before its first test, stopped after its last. */
import { llamaPlatform, scriptedPlatform, startTemporaryPlatform } from '@xerotier/dev';
import type { Platform, PlatformDescription, PlatformOptions } from '@xerotier/dev';
import { eventually } from '@xerotier/testing';
import { writeTinyModel } from '@xerotier/tiny-model';
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { ApiClient, scripted } from './api-client.ts';
import { FleetWatch } from './fleet-watch.ts';
import { OpenaiSchema } from './openai-schema.ts';

export type PlatformPlan = Omit<PlatformOptions, 'state'>;

/** The folder is the test file's own, for model files; it is removed at the end. */
export type MakePlan = (folder: string) => PlatformPlan | Promise<PlatformPlan>;

/** The first start on a machine may have to fetch the servers. */
const START_TIMEOUT_MS = 300_000;

export class TestPlatform {
  readonly schema = new OpenaiSchema();
  #platform: Platform | undefined;
  #fleet: FleetWatch | undefined;
  #folder = '';

  get platform(): Platform {
    if (this.#platform === undefined) throw new Error('The platform does not run: use it inside a test.');
    return this.#platform;
  }

  get description(): PlatformDescription {
    return this.platform.description;
  }

  get fleet(): FleetWatch {
    if (this.#fleet === undefined) throw new Error('The platform does not run: use it inside a test.');
    return this.#fleet;
  }

  /** A client of the first endpoint with the seeded key. */
  get api(): ApiClient {
    return new ApiClient(this.description, this.schema);
  }

  async start(plan: MakePlan): Promise<void> {
    this.#folder = await mkdtemp(join(tmpdir(), 'xerotier-e2e-'));
    const options = await plan(this.#folder);
    const env = { CHECK_RESPONSES: 'true', ...options.env };
    this.#platform = await startTemporaryPlatform({ restart: false, ...options, env });
    this.#fleet = await FleetWatch.connect(this.#platform.description.natsUrl);
    await this.ready();
  }

  async stop(): Promise<void> {
    await this.#fleet?.close();
    await this.#keepLogs();
    await this.#platform?.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** The folder of the platform is removed when it stops: `E2E_LOGS` names one where its logs are kept. */
  async #keepLogs(): Promise<void> {
    const folder = process.env['E2E_LOGS'];
    if (folder === undefined) return;
    await mkdir(folder, { recursive: true });
    for (const { spec } of this.#platform?.services ?? [])
      await copyFile(spec.logFile, join(folder, basename(spec.logFile)));
  }

  /** Waits until the first endpoint answers. */
  async ready(): Promise<void> {
    await eventually('the platform answers', () => this.api.chat(scripted({ tokens: 1 }, { max_tokens: 1 })), 20_000);
  }
}

/** Call it at the top of a file; use the result inside tests only. */
export function testPlatform(plan: MakePlan): TestPlatform {
  const test = new TestPlatform();
  beforeAll(() => test.start(plan), START_TIMEOUT_MS);
  afterAll(() => test.stop(), START_TIMEOUT_MS);
  return test;
}

/**
 * Both engines behind one project: endpoint `chat` on a scripted worker, endpoint `tiny` on a real engine with random
 * weights (its answers mean nothing, and go on for as long as they may), and endpoint `shared` on the scripted worker
 * again, in another tier.
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

/** Workers with a context of so many tokens. */
export function withContext<P extends PlatformPlan>(plan: P, contextTokens: number): P {
  const workers = plan.workers.map((worker) => ({
    ...worker,
    env: { ...worker.env, XIM_CONTEXT_TOKENS: String(contextTokens) },
  }));
  return { ...plan, workers };
}
