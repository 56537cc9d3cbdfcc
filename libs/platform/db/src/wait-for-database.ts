import { AppError } from '@xerotier/errors';
import type { Logger } from '@xerotier/log';
import pg from 'pg';
import { setTimeout as delay } from 'node:timers/promises';
import { isUnavailability } from './db-errors.ts';

const RETRY_WAIT_MS = 500;
const LOG_EVERY_MS = 10_000;

export interface WaitOptions {
  readonly url: string;
  readonly applicationName: string;
  readonly log: Logger;
  /** How long to keep trying. */
  readonly waitMs: number;
  /** Timeout of one attempt. */
  readonly connectTimeoutMs: number;
}

/**
 * Resolves once the database accepts connections: services may start before it does.
 * @throws {AppError} `db.unavailable` when it does not in time.
 * @throws {Error} at once when it rejects the login or the database does not exist: waiting would not help.
 */
export async function waitForDatabase(options: WaitOptions): Promise<void> {
  const startedAt = performance.now();
  let loggedAt = -Infinity;
  for (;;) {
    const failure = await tryToConnect(options);
    if (failure === undefined) return;
    if (!isUnavailability(failure)) throw rejected(options.url, failure);
    const now = performance.now();
    if (now - startedAt >= options.waitMs) throw new AppError('db.unavailable', {}, { cause: failure });
    if (now - loggedAt >= LOG_EVERY_MS) {
      loggedAt = now;
      options.log.warn('database unreachable, retrying', {
        host: hostOf(options.url),
        waitMs: options.waitMs,
        error: failure,
      });
    }
    await delay(RETRY_WAIT_MS);
  }
}

async function tryToConnect({ url, applicationName, connectTimeoutMs }: WaitOptions): Promise<unknown> {
  const client = new pg.Client({
    connectionString: url,
    application_name: applicationName,
    connectionTimeoutMillis: connectTimeoutMs,
  });
  // An established connection that breaks must not end the process.
  client.on('error', () => {});
  try {
    await client.connect();
    return undefined;
  } catch (error) {
    return error;
  } finally {
    await client.end().catch(() => {});
  }
}

function rejected(url: string, cause: unknown): Error {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new Error(
    `The database at ${hostOf(url)} rejected the connection: ${reason}. Check user, password and database name in DATABASE_URL.`,
    { cause },
  );
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : 'an invalid URL';
}
