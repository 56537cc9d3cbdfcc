export { logContext, withLogContext } from './context.ts';
export type { LogContext } from './context.ts';
export { createLogger } from './logger.ts';
export type { Logger, LoggerOptions, LogFields, LogLevel } from './logger.ts';
