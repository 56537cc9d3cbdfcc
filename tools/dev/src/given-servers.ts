/**
 * External servers, given by NATS_URL, REDIS_URL and DATABASE_URL. Other programs use these variables too, so each is
 * printed before it is used, must point to a reachable server, and a database with tables of another program is never
 * written to.
 */
import { connect } from 'node:net';
import pg from 'pg';

export interface GivenUrls {
  readonly nats?: string | undefined;
  readonly redis?: string | undefined;
  readonly postgres?: string | undefined;
}

interface GivenServer {
  readonly variable: string;
  readonly title: string;
  readonly url: URL;
}

const VARIABLES = [
  { kind: 'nats', variable: 'NATS_URL', title: 'NATS', port: 4_222, schemes: ['nats:', 'tls:'] },
  { kind: 'redis', variable: 'REDIS_URL', title: 'Redis', port: 6_379, schemes: ['redis:', 'rediss:'] },
  {
    kind: 'postgres',
    variable: 'DATABASE_URL',
    title: 'PostgreSQL',
    port: 5_432,
    schemes: ['postgres:', 'postgresql:'],
  },
] as const;

const CONNECT_TIMEOUT_MS = 3_000;
/** Every service uses its own schema; these tables exist once the platform has used a database. */
const OWN_TABLES = ['auth.api_key', 'router.model'];
const FOREIGN_TABLES_SHOWN = 3;

/** Empty variables count as not set. */
export function givenUrls(env: NodeJS.ProcessEnv): GivenUrls {
  return {
    nats: env['NATS_URL'] || undefined,
    redis: env['REDIS_URL'] || undefined,
    postgres: env['DATABASE_URL'] || undefined,
  };
}

/** Returns a line for each given server, without credentials, with advice in case it was not intended. */
export function givenNotices(given: GivenUrls): string[] {
  return serversOf(given).map(
    (server) =>
      `${server.variable} is set in the environment: ${server.title} at ${addressOf(server)} is used instead of a private one. ` +
      `If it is meant for another program: env -u ${server.variable} npm start`,
  );
}

/**
 * Checks each given server before anything is started.
 * @throws {Error} that names the variable when nothing listens there, or when the database contains tables of another
 * program.
 */
export async function checkGivenServers(given: GivenUrls): Promise<void> {
  for (const server of serversOf(given)) {
    if (server.url.hostname !== '' && !(await isListening(server))) {
      throw new Error(
        `${server.variable} is set in the environment, and no ${server.title} listens at ${addressOf(server)}. ` +
          `Start it, or unset the variable: env -u ${server.variable} npm start`,
      );
    }
    if (server.variable === 'DATABASE_URL') await rejectForeignDatabase(server);
  }
}

async function rejectForeignDatabase(server: GivenServer): Promise<void> {
  const client = new pg.Client({ connectionString: server.url.href, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  const leaveOut = `or unset the variable: env -u ${server.variable} npm start`;
  try {
    await client.connect();
    const { rows } = await client.query<{ own: boolean; foreign: string[] }>(
      `SELECT
         coalesce((SELECT bool_or(to_regclass(name) IS NOT NULL) FROM unnest($1::text[]) AS name), false) AS own,
         ARRAY(SELECT schemaname || '.' || tablename FROM pg_tables
               WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1) AS foreign`,
      [OWN_TABLES],
    );
    const { own = false, foreign = [] } = rows[0] ?? {};
    if (own || foreign.length === 0) return;
    const shown = foreign.slice(0, FOREIGN_TABLES_SHOWN).join(', ');
    throw new ForeignDatabaseError(
      `${server.variable} is set in the environment, and the database at ${addressOf(server)} contains tables of another program ` +
        `(${shown}${foreign.length > FOREIGN_TABLES_SHOWN ? ', ...' : ''}): nothing was changed. Give an empty database, ${leaveOut}`,
    );
  } catch (error) {
    if (error instanceof ForeignDatabaseError) throw error;
    throw new Error(
      `${server.variable} is set in the environment, and PostgreSQL at ${addressOf(server)} rejects the connection ` +
        `(${error instanceof Error ? error.message : String(error)}). Correct it, ${leaveOut}`,
      { cause: error },
    );
  } finally {
    await client.end().catch(() => undefined);
  }
}

class ForeignDatabaseError extends Error {}

/**
 * @throws {Error} when one is not a valid URL; the message does not contain the value, which may include a password.
 */
function serversOf(given: GivenUrls): GivenServer[] {
  return VARIABLES.flatMap(({ kind, variable, title, port, schemes }) => {
    const text = given[kind];
    if (text === undefined) return [];
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url === undefined || !schemes.some((scheme) => scheme === url.protocol))
      throw new Error(`${variable} is set in the environment, and is not a URL that begins with ${schemes[0]}//`);
    // Without a host, PostgreSQL is reached through a socket file.
    if (url.port === '' && url.hostname !== '') url.port = String(port);
    return [{ variable, title, url }];
  });
}

/** Returns `localhost:5432/shop`, without user or password. */
function addressOf({ url }: GivenServer): string {
  return `${url.host || 'a socket file'}${url.pathname === '/' ? '' : url.pathname}`;
}

function isListening({ url }: GivenServer): Promise<boolean> {
  return new Promise((resolve) => {
    const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
    const socket = connect({ host, port: Number(url.port), timeout: CONNECT_TIMEOUT_MS });
    const finish = (listening: boolean): void => {
      socket.destroy();
      resolve(listening);
    };
    socket.once('connect', () => finish(true));
    socket.once('error', () => finish(false));
    socket.once('timeout', () => finish(false));
  });
}
