export {
  foreseeServer,
  resolveBinaries,
  type ResolveOptions,
  type ServerBinary,
  type ServerOutlook,
} from './binaries.ts';
export { removeDataDir } from './data-dir.ts';
export type { LocalServer, ServerExit, StartOptions } from './local-server.ts';
export { keepLogsBounded, logFiles, rotateLog, type LogBounds } from './log-rotation.ts';
export { MissingServersError } from './missing-servers.ts';
export { startNats, type NatsOptions } from './nats.ts';
export { freePort, isPortFree, portState } from './ports.ts';
export { postgresMajorOf, startPostgres, type PostgresOptions, type PostgresServer } from './postgres.ts';
export type { ServerKind } from './programs.ts';
export { startRedis, type RedisOptions } from './redis.ts';
export { startS3, type S3Options, type S3Server } from './s3.ts';
export { TEMPLATE_PASSWORD } from './postgres-cluster.ts';
export { leftRunning } from './run-record.ts';
export { writeAtomic } from './write-atomic.ts';
