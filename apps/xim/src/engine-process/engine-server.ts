/** The supervised server of a worker: joins its supervision with the health, the heartbeat and the metrics of the worker. */
import type { EngineLoad } from '@xerotier/contracts/xim';
import type { Logger } from '@xerotier/log';
import type { XimConfig } from '../config.ts';
import type { OwnServer } from '../engines/engine-config.ts';
import type { EngineProbes, HealthTimes } from '../health/engine-health.ts';
import { metrics } from '../metrics.ts';
import { isSupervised, recipes } from './recipes.ts';
import { ServerClient } from './server-client.ts';
import { GrowingTotals } from './server-load.ts';
import type { ServerLoad } from './server-load.ts';
import { prepareServer } from './server-plan.ts';
import type { PreparedServer } from './server-plan.ts';
import { ServerSupervisor } from './server-supervisor.ts';
import type { SupervisorListener } from './server-supervisor.ts';

/** The supervisor knows when its server is back, so the worker may look often; and it logs the start itself. */
export const supervisedHealthTimes: Partial<HealthTimes> = { probePauseMaxMs: 1_000, reminderMs: 30_000 };

const TOKEN_TOTALS = {
  promptTokens: 'prompt',
  generationTokens: 'generation',
  prefixCacheQueries: 'prefix_cache_queries',
  prefixCacheHits: 'prefix_cache_hits',
} as const;

export class EngineServer {
  readonly #prepared: PreparedServer;
  readonly #supervisor: ServerSupervisor;
  readonly #modelId: string;
  readonly #totals = new GrowingTotals();
  readonly #listener: Pick<SupervisorListener, 'lost' | 'gaveUp'>;
  #restarts = 0;

  private constructor(
    prepared: PreparedServer,
    { kind, config }: { kind: keyof typeof recipes; config: XimConfig },
    listener: Pick<SupervisorListener, 'lost' | 'gaveUp'>,
    log: Logger,
  ) {
    this.#prepared = prepared;
    this.#modelId = config.modelId;
    this.#listener = listener;
    const { server, engine } = config;
    this.#supervisor = new ServerSupervisor(
      { ...prepared, recipe: recipes[kind], failuresMax: server.failuresMax },
      new ServerClient(recipes[kind], prepared.baseUrl, prepared.plan.apiKey),
      {
        lost: (reason) => this.#listener.lost(reason),
        gaveUp: (reason) => this.#listener.gaveUp(reason),
        reported: (load) => this.#count(load),
      },
      log,
      { startTimeoutMs: server.startTimeoutSeconds * 1_000, hangMs: engine.upstreamTimeoutSeconds * 1_000 },
    );
  }

  /**
   * Prepares the server that the settings select. Returns undefined when they select none.
   * @throws an Error that names the setting that does not fit.
   */
  static async prepare(
    config: XimConfig,
    listener: Pick<SupervisorListener, 'lost' | 'gaveUp'>,
    log: Logger,
  ): Promise<EngineServer | undefined> {
    const { kind } = config.engine;
    if (!isSupervised(kind)) return undefined;
    const prepared = await prepareServer(recipes[kind], config, log);
    return new EngineServer(prepared, { kind, config }, listener, log);
  }

  /** For the engine that uses the server. */
  get own(): OwnServer {
    const { baseUrl, plan } = this.#prepared;
    return { baseUrl, apiKey: plan.apiKey, model: plan.servedName };
  }

  /** For heartbeats; undefined while the server is not ready or does not report it. */
  get load(): EngineLoad | undefined {
    const { running, waiting, kvCacheUsage } = this.#supervisor.load ?? {};
    if (running === undefined || waiting === undefined) return undefined;
    return { running, waiting, ...(kvCacheUsage !== undefined && { kvCacheUsage }) };
  }

  start(): void {
    const labels = { model_name: this.#modelId };
    const read = (quantity: 'running' | 'waiting' | 'kvCacheUsage') => (): [typeof labels, number][] => {
      const value = this.#supervisor.load?.[quantity];
      return value === undefined ? [] : [[labels, value]];
    };
    metrics.serverRunning.observe(read('running'));
    metrics.serverWaiting.observe(read('waiting'));
    metrics.serverKvCacheUsage.observe(read('kvCacheUsage'));
    this.#supervisor.start();
  }

  /** The probes of the engine, which fail at once, with the reason, while the server is not ready. */
  probes(probes: EngineProbes): EngineProbes {
    const whenReady =
      (act: EngineProbes['check']) =>
      async (signal: AbortSignal): Promise<void> => {
        if (this.#supervisor.state !== 'ready') throw new Error(this.#supervisor.reason ?? this.#supervisor.state);
        return act(signal);
      };
    return {
      check: whenReady((signal) => probes.check(signal)),
      probe: whenReady((signal) => probes.probe(signal)),
    };
  }

  progressed(): void {
    this.#supervisor.progressed();
  }

  stop(): Promise<void> {
    return this.#supervisor.stop();
  }

  #count({ totals }: ServerLoad): void {
    const grown = this.#totals.grownBy(totals);
    for (const [name, type] of Object.entries(TOKEN_TOTALS))
      metrics.serverTokens.inc({ model_name: this.#modelId, type }, grown[name as keyof typeof TOKEN_TOTALS]);
    metrics.serverRestarts.inc({ model_name: this.#modelId }, this.#supervisor.restarts - this.#restarts);
    this.#restarts = this.#supervisor.restarts;
  }
}
