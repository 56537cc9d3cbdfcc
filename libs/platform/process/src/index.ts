export { newInstanceId, runProcess } from './run-process.ts';
export type { Announcement, RunningProcess, ServiceSettingsTree } from './run-process.ts';
export { checkReadiness, startHealthServer } from './health-server.ts';
export type { HealthServer, Readiness, ReadinessChecks } from './health-server.ts';
export { natsSettings, serviceSettings } from './service-settings.ts';
