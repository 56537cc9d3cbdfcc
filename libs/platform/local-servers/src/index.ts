export { resolveBinaries, type ResolveOptions, type ServerBinary } from './binaries.ts';
export { removeDataDir } from './data-dir.ts';
export type { LocalServer, ServerExit, StartOptions } from './local-server.ts';
export { MissingServersError } from './missing-servers.ts';
export { startNats, type NatsOptions } from './nats.ts';
export { freePort, isPortFree } from './ports.ts';
export { postgresMajorOf, startPostgres, type PostgresOptions, type PostgresServer } from './postgres.ts';
export type { ServerKind } from './programs.ts';
export { startRedis, type RedisOptions } from './redis.ts';
