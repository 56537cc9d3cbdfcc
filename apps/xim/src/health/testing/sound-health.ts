import type { ReportedHealth } from '../engine-health.ts';

/** Of an engine that always works, for specs of what is around it. */
export const soundHealth: ReportedHealth = {
  available: true,
  reason: undefined,
  failureRate: 0,
  begin: () => () => undefined,
  progressed: () => undefined,
  succeeded: () => undefined,
  failed: () => undefined,
};
