export { runService } from './run-service.ts';
export type { Announcement, RunningService, ServiceSettingsTree } from './run-service.ts';
export { checkReadiness, startHealthServer } from './health-server.ts';
export type { HealthServer, Readiness, ReadinessChecks } from './health-server.ts';
export { natsSettings, serviceSettings } from './service-settings.ts';
