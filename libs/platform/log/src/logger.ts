/**
 * Structured logs: a constant message plus fields, one JSON object a line on standard output. Fields that could hold
 * a secret or a prompt are removed by name, as a second net: the first is not to log them.
 */
import { pino } from 'pino';
import type { DestinationStream } from 'pino';
import { logContext } from './context.ts';

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';
export type LogFields = Record<string, unknown>;

export interface Logger {
  /** Someone must act. */
  error(message: string, fields?: LogFields): void;
  /** Odd, but handled. */
  warn(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
  child(fields: LogFields): Logger;
}

export interface LoggerOptions {
  readonly service: string;
  /** Default `info`. */
  readonly level?: LogLevel;
  /** Default: standard output. */
  readonly destination?: DestinationStream;
}

const SECRET_FIELDS = [
  'authorization',
  'apiKey',
  'key',
  'password',
  'secret',
  'token',
  'prompt',
  'messages',
  'content',
  'headers',
  'body',
];
const REDACTED_PATHS = SECRET_FIELDS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);

export function createLogger(options: LoggerOptions): Logger {
  const instance = pino(
    {
      level: options.level ?? 'info',
      base: { service: options.service },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: REDACTED_PATHS, censor: '[removed]' },
      mixin: () => ({ ...logContext() }),
    },
    options.destination ?? pino.destination({ fd: 1, sync: false, minLength: 0 }),
  );
  return wrap(instance);
}

function wrap(instance: pino.Logger): Logger {
  return {
    error: (message, fields) => instance.error(describeErrors(fields), message),
    warn: (message, fields) => instance.warn(describeErrors(fields), message),
    info: (message, fields) => instance.info(fields, message),
    debug: (message, fields) => instance.debug(fields, message),
    child: (fields) => wrap(instance.child(fields)),
  };
}

/** An `error` field becomes text: name, code, message and the chain of causes, with the stack of the innermost. */
function describeErrors(fields: LogFields | undefined): LogFields | undefined {
  if (fields?.['error'] === undefined) return fields;
  return { ...fields, error: describe(fields['error'], 0) };
}

const CAUSES_MAX = 5;

function describe(error: unknown, depth: number): unknown {
  if (!(error instanceof Error)) return typeof error === 'object' ? '(not an Error)' : String(error);
  const { cause } = error;
  return {
    name: error.name,
    code: (error as { code?: unknown }).code,
    message: error.message,
    ...(cause === undefined || depth >= CAUSES_MAX ? { stack: error.stack } : { cause: describe(cause, depth + 1) }),
  };
}
