/**
 * Structured logs: a constant message plus fields, one JSON object per line on standard output. Fields that could
 * contain a secret or a prompt are removed by name. This is only a safeguard: do not log them.
 */
import { pino } from 'pino';
import type { DestinationStream } from 'pino';
import { logContext } from './context.ts';
import { LineBuffer } from './line-buffer.ts';

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';
export type LogFields = Record<string, unknown>;

export interface Logger {
  /** Someone must act. */
  error(message: string, fields?: LogFields): void;
  /** Unusual, but handled. */
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

const SECRET_FIELDS = new Set([
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
]);
const REMOVED = '[removed]';
const CLEANED_DEPTH = 3;

export function createLogger(options: LoggerOptions): Logger {
  const instance = pino(
    {
      level: options.level ?? 'info',
      base: { service: options.service },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    options.destination ?? standardOutput(),
  );
  return wrap(instance);
}

/** Lines are written together, a few times a second: one system call per line took a tenth of the gateway's time. */
const BUFFER_BYTES = 65_536;
const FLUSH_INTERVAL_MS = 200;

let output: DestinationStream | undefined;

/**
 * A killed process loses up to 200 ms of unwritten lines; an orderly exit loses nothing. Written by this thread:
 * passing lines to another one costs more than the write, and the reader is expected to keep up.
 */
function standardOutput(): DestinationStream {
  if (output !== undefined) return output;
  const lines = new LineBuffer(pino.destination({ fd: 1, sync: true }), BUFFER_BYTES);
  setInterval(() => lines.flush(), FLUSH_INTERVAL_MS).unref();
  process.on('exit', () => lines.flush());
  output = lines;
  return output;
}

function wrap(instance: pino.Logger): Logger {
  return {
    error: (message, fields) => instance.error(inContext(clean(describeErrors(fields), 0)), message),
    warn: (message, fields) => instance.warn(inContext(clean(describeErrors(fields), 0)), message),
    info: (message, fields) => instance.info(inContext(clean(fields, 0)), message),
    debug: (message, fields) => {
      if (instance.isLevelEnabled('debug')) instance.debug(inContext(clean(fields, 0)), message);
    },
    child: (fields) => wrap(instance.child(clean(fields, 0) ?? {})),
  };
}

/** Adds the fields of the log context. Not done by pino's mixin, whose copying of fields would double the cost. */
function inContext(fields: LogFields | undefined): LogFields {
  const context = logContext();
  if (context?.tracestate === undefined) return { ...context, ...fields };
  const { tracestate: _unlogged, ...logged } = context;
  return { ...logged, ...fields };
}

/**
 * Removes fields with the names of secrets, three levels deep. Not done by pino's redaction, whose wildcard paths took
 * an eighth of the gateway's time; most lines have nothing to remove and are returned unchanged.
 */
function clean(fields: LogFields | undefined, depth: number): LogFields | undefined {
  let cleaned = fields;
  for (const name in fields) {
    const value = fields[name];
    let kept = value;
    if (SECRET_FIELDS.has(name)) kept = REMOVED;
    else if (typeof value === 'object' && value !== null && depth < CLEANED_DEPTH)
      kept = clean(value as LogFields, depth + 1);
    if (kept === value) continue;
    if (cleaned === fields) cleaned = Array.isArray(fields) ? ([...fields] as unknown as LogFields) : { ...fields };
    (cleaned as LogFields)[name] = kept;
  }
  return cleaned;
}

/** Serializes an `error` field: name, code, message and the chain of causes, with the innermost stack. */
function describeErrors(fields: LogFields | undefined): LogFields | undefined {
  if (fields?.['error'] === undefined) return fields;
  return { ...fields, error: describe(fields['error'], 0) };
}

const CAUSES_MAX = 5;

function describe(error: unknown, depth: number): unknown {
  if (!(error instanceof Error)) return typeof error === 'string' ? error : '(not an Error)';
  const { cause } = error;
  return {
    name: error.name,
    code: (error as { code?: unknown }).code,
    message: error.message,
    ...(cause === undefined || depth >= CAUSES_MAX ? { stack: error.stack } : { cause: describe(cause, depth + 1) }),
  };
}
