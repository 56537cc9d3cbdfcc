export { serverCacheDir, testServers } from './test-servers.ts';
export type { ServerName } from './test-servers.ts';
export { eventually } from './eventually.ts';
export { ServiceProgram } from './service-program.ts';
export { withoutBackslashes } from './without-backslashes.ts';
export type { Ended, ServiceRun } from './service-program.ts';
