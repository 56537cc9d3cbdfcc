import type { ReportedHealth } from '../engine-health.ts';

/** The health of an engine that never fails. */
export const alwaysHealthy: ReportedHealth = {
  available: true,
  reason: undefined,
  failureRate: 0,
  begin: () => () => undefined,
  progressed: () => undefined,
  succeeded: () => undefined,
  failed: () => undefined,
};
