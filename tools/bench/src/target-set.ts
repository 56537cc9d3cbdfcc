import { forkEntry } from './child.ts';
import type { LoadProcess } from './measurement.ts';
import { preflight } from './preflight.ts';
import { baseline } from './targets/baseline.ts';
import { direct, engineEntry } from './targets/direct.ts';
import { nginx } from './targets/nginx.ts';
import { portkey } from './targets/portkey.ts';
import { TargetUnavailable } from './targets/target.ts';
import type { RunningTarget, Target, TargetContext, TargetName } from './targets/target.ts';
import { xerotier } from './targets/xerotier.ts';

const all: readonly Target[] = [direct, nginx, portkey, baseline, xerotier];

/** The systems of one run, and the engine that they share. */
export class TargetSet {
  readonly running = new Map<TargetName, RunningTarget>();
  /** Notices about unavailable targets. */
  readonly notices: string[] = [];
  readonly #context: TargetContext;
  #engine: ReturnType<TargetContext['engine']> | undefined;

  constructor(context: Omit<TargetContext, 'engine'>) {
    this.#context = { ...context, engine: () => (this.#engine ??= this.#startEngine()) };
  }

  /**
   * Starts each target and checks its completions. An unavailable one is skipped with a notice, or throws if
   * `required`.
   */
  async start(names: readonly TargetName[], load: LoadProcess, required: boolean): Promise<void> {
    for (const target of all.filter(({ name }) => names.includes(name))) {
      try {
        const running = await target.start(this.#context);
        this.running.set(target.name, running);
        await preflight(target.name, running, load);
      } catch (error) {
        if (required || !(error instanceof TargetUnavailable)) throw error;
        await this.running.get(target.name)?.stop();
        this.running.delete(target.name);
        this.notices.push(`${target.name} was skipped: ${error.message}`);
        this.#context.print(this.notices.at(-1) ?? '');
      }
    }
  }

  get versions(): Record<string, string> {
    return Object.assign({}, ...[...this.running.values()].map(({ versions }) => versions)) as Record<string, string>;
  }

  async stop(): Promise<void> {
    // Cleared first, so that a second call, as on a signal, stops nothing twice.
    const running = [...this.running.values()].reverse();
    this.running.clear();
    for (const target of running) await target.stop();
    const engine = await this.#engine?.catch(() => undefined);
    await engine?.stop();
  }

  async #startEngine(): ReturnType<TargetContext['engine']> {
    const engine = await forkEntry<{ port: number }>(engineEntry);
    this.#context.pinning.pin(engine.pid, 'rest');
    return engine;
  }
}
