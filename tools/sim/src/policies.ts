import { cacheAware, leastLoaded, powerOfTwoChoices, prefixOnly, roundRobin } from './baselines.ts';
import type { EngineModel } from './engine-model.ts';
import { ourRouter } from './our-router.ts';
import { Random } from './random.ts';
import type { SimRouter } from './sim-router.ts';

export type NewRouter = (fleet: readonly EngineModel[]) => SimRouter;

/** What is compared, in the order of the table. */
export function policiesOf(seed: number): Readonly<Record<string, NewRouter>> {
  return {
    'round robin': roundRobin,
    'least loaded': leastLoaded,
    'two choices': (fleet) => powerOfTwoChoices(fleet, new Random(seed)),
    'prefix only': prefixOnly,
    'cache aware': cacheAware,
    xerotier: (fleet) => ourRouter(fleet, new Random(seed)),
    'xerotier, batches not restrained': (fleet) => ourRouter(fleet, new Random(seed), { restrainsBatches: false }),
  };
}
