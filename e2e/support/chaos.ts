/** Whether this is `npm run test:chaos`, which runs for minutes where `npm test` takes a sample. */
export const isChaos = process.env['E2E_CHAOS'] !== undefined;

/** Cases that differ from those of `npm test` in details: run by `npm run test:chaos` only. */
export function onlyInChaos<T>(...cases: T[]): T[] {
  return isChaos ? cases : [];
}
