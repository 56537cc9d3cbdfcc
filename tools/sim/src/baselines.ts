/** What others do: each request goes to an engine at once, and waits there. */
import type { EngineModel } from './engine-model.ts';
import type { Random } from './random.ts';
import type { SimRequest } from './sim-request.ts';
import type { SimRouter } from './sim-router.ts';

type Choose = (request: SimRequest, inFlight: readonly number[]) => number;

function immediate(engines: number, choose: Choose): SimRouter {
  const inFlight = new Array<number>(engines).fill(0);
  const count = (engine: number, by: number): void => void (inFlight[engine] = (inFlight[engine] as number) + by);
  const router: SimRouter = {
    dispatch: () => undefined,
    arrive: (request) => {
      const engine = choose(request, inFlight);
      count(engine, 1);
      router.dispatch(request, engine);
    },
    begin: () => undefined,
    end: (_, engine) => count(engine, -1),
  };
  return router;
}

export function roundRobin(fleet: readonly EngineModel[]): SimRouter {
  let next = 0;
  return immediate(fleet.length, () => next++ % fleet.length);
}

export function leastLoaded(fleet: readonly EngineModel[]): SimRouter {
  return immediate(fleet.length, (_, inFlight) => least(inFlight));
}

export function powerOfTwoChoices(fleet: readonly EngineModel[], random: Random): SimRouter {
  return immediate(fleet.length, (_, inFlight) => {
    const [a, b] = [random.integer(fleet.length), random.integer(fleet.length)];
    return (inFlight[a] as number) <= (inFlight[b] as number) ? a : b;
  });
}

/** To the engine that has most of the prompt, whatever its load. */
export function prefixOnly(fleet: readonly EngineModel[]): SimRouter {
  const trees = new Trees(fleet.length);
  let next = 0;
  return immediate(fleet.length, (request) => {
    const best = trees.best(request);
    const engine = best.blocks === 0 ? next++ % fleet.length : best.engine;
    trees.add(request, engine);
    return engine;
  });
}

/**
 * As the gateway of SGLang documents its policy `cache_aware`: while the load is balanced, to the engine that has most of the prompt if
 * that is more than a share of it, else to the one with the smallest tree; otherwise to the one with the fewest requests. Its defaults:
 * a share of 0.3, and imbalance from a difference of 64 and a ratio of 1.5.
 */
export function cacheAware(fleet: readonly EngineModel[]): SimRouter {
  const trees = new Trees(fleet.length);
  return immediate(fleet.length, (request, inFlight) => {
    const [most, fewest] = [Math.max(...inFlight), Math.min(...inFlight)];
    const isUnbalanced = most - fewest > 64 && most > 1.5 * fewest;
    const best = trees.best(request);
    const isKnown = best.blocks > 0.3 * request.prefix.length;
    const engine = isUnbalanced ? least(inFlight) : isKnown ? best.engine : trees.smallest();
    trees.add(request, engine);
    return engine;
  });
}

function least(values: readonly number[]): number {
  return values.indexOf(Math.min(...values));
}

/** What was sent to each engine, without an end. */
class Trees {
  readonly #trees: Set<number>[];

  constructor(engines: number) {
    this.#trees = Array.from({ length: engines }, () => new Set());
  }

  best({ prefix }: SimRequest): { engine: number; blocks: number } {
    const matches = this.#trees.map((tree) => {
      const at = prefix.findIndex((block) => !tree.has(block));
      return at === -1 ? prefix.length : at;
    });
    const blocks = Math.max(...matches);
    return { engine: matches.indexOf(blocks), blocks };
  }

  smallest(): number {
    return least(this.#trees.map(({ size }) => size));
  }

  add({ prefix }: SimRequest, engine: number): void {
    for (const block of prefix) this.#trees[engine]?.add(block);
  }
}
