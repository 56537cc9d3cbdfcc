export { serverCacheDir, testServers } from './test-servers.ts';
export type { ServerName } from './test-servers.ts';
export { eventually } from './eventually.ts';
