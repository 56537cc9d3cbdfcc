export { serverCacheDir, testServers } from './test-servers.ts';
export type { ServerName } from './test-servers.ts';
export { capturedLog, silentLog, testBuses } from './test-bus.ts';
export type { TestBus } from './test-bus.ts';
export { eventually } from './eventually.ts';
