/** Whether this is `npm run test:chaos`, which runs for minutes where `npm test` takes a sample. */
export const isChaos = process.env['E2E_CHAOS'] !== undefined;
