export {
  EXCLUDED_WORKERS_MAX,
  acquireInput,
  acquireManyInput,
  acquireManyOutput,
  acquireOutput,
  model,
  routerContract,
} from './contract.ts';
export type { AcquireInput, AcquireOutput, Model } from './contract.ts';
export { leasesReleased } from './events.ts';
