import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ServerBinary } from './binaries.ts';
import { clusterTemplate, copyCluster } from './cluster-template.ts';
import { giveTo, makeClusterDir, type PostgresHome } from './postgres-home.ts';
import { runCommand, type CommandResult } from './run-command.ts';
import { writeAtomic } from './write-atomic.ts';

/** A role that owns everything in the server, its password, and its database. */
interface PostgresAccount {
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

/** The known content of the cluster, so that an unchanged start needs no setup. */
interface ClusterRecord {
  readonly user: string;
  readonly password: string;
  readonly databases: readonly string[];
}

export interface ClusterOptions {
  readonly isDurable: boolean;
  /** See `PostgresOptions`. */
  readonly templatesDir?: string | undefined;
}

const INIT_TIMEOUT_MS = 120_000;
/** Replaced in a copy before its server starts, unless the account has this password. */
export const TEMPLATE_PASSWORD = 'password-of-a-local-test';

/** Creates the cluster if missing, and sets up its role, password and database. */
export async function ensureCluster(
  binary: ServerBinary,
  home: PostgresHome,
  recordPath: string,
  account: PostgresAccount,
  options: ClusterOptions,
): Promise<void> {
  [account.user, account.password, account.database].forEach(rejectControlCharacters);
  const major = await clusterMajor(home.clusterDir);
  if (major === null) await createCluster(binary, home, recordPath, account, options);
  else rejectOtherMajor(major, binary, home);
  const record = await readClusterRecord(recordPath);
  if (!record) {
    throw new Error(
      `${recordPath}, which contains the password of the data in ${home.clusterDir}, is missing. ` +
        'Restore it, or remove the data to start with an empty cluster.',
    );
  }
  const statements = missingStatements(record, account);
  if (statements.length === 0) return;
  await runSingleUser(binary, home, statements);
  const databases = [...new Set([...record.databases, account.database])];
  await writeClusterRecord(recordPath, { user: account.user, password: account.password, databases });
}

function rejectOtherMajor(major: number, binary: ServerBinary, home: PostgresHome): void {
  const available = Number.parseInt(binary.version, 10);
  if (major === available) return;
  throw new Error(
    `The data in ${home.clusterDir} were written by PostgreSQL ${major}, but ${binary.command} is ${available}. ` +
      `Install PostgreSQL ${major}, or remove the data to start with an empty cluster.`,
  );
}

/** Returns the major version that wrote the data of a cluster, or null when there is none. */
export async function clusterMajor(clusterDir: string): Promise<number | null> {
  const text = await readFile(join(clusterDir, 'PG_VERSION'), 'utf8').catch(() => null);
  return text === null ? null : Number.parseInt(text, 10);
}

export async function readClusterRecord(path: string): Promise<ClusterRecord | null> {
  const text = await readFile(path, 'utf8').catch(() => null);
  return text === null ? null : (JSON.parse(text) as ClusterRecord);
}

function writeClusterRecord(path: string, record: ClusterRecord): Promise<void> {
  return writeAtomic(path, JSON.stringify(record, null, 2));
}

/** Created under another name until it is complete, so that a cluster with the final name is never incomplete. */
async function createCluster(
  binary: ServerBinary,
  home: PostgresHome,
  recordPath: string,
  account: PostgresAccount,
  { isDurable, templatesDir }: ClusterOptions,
): Promise<void> {
  const unfinished: PostgresHome = { ...home, clusterDir: `${home.clusterDir}.new` };
  await rm(unfinished.clusterDir, { recursive: true, force: true });
  await makeClusterDir(unfinished);
  const record =
    isDurable || templatesDir === undefined
      ? await initdb(binary, unfinished, account, isDurable)
      : await copyTemplate(binary, unfinished, account, templatesDir);
  await writeClusterRecord(recordPath, record);
  await rm(home.clusterDir, { recursive: true, force: true });
  await rename(unfinished.clusterDir, home.clusterDir);
}

async function copyTemplate(
  binary: ServerBinary,
  home: PostgresHome,
  { user, database }: PostgresAccount,
  templatesDir: string,
): Promise<ClusterRecord> {
  const account = { user, database, password: TEMPLATE_PASSWORD };
  const name = `${binary.version}-${user}-${database}`;
  const template = await clusterTemplate(templatesDir, name, home.identity, async (to) => {
    await runSingleUser(binary, to, missingStatements(await initdb(binary, to, account, false), account));
  });
  await copyCluster(template, home.clusterDir);
  return { user, password: TEMPLATE_PASSWORD, databases: [...new Set(['postgres', database])] };
}

async function initdb(
  binary: ServerBinary,
  home: PostgresHome,
  { user, password }: PostgresAccount,
  isDurable: boolean,
): Promise<ClusterRecord> {
  // In a file, because command lines of all processes are visible to every user of the machine.
  const passwordPath = join(home.parentDir, `.password-${process.pid}`);
  try {
    await writeFile(passwordPath, password, { mode: 0o600 });
    await giveTo(passwordPath, home.identity);
    const result = await run(binary, home, join(binary.commandDir, 'initdb'), [
      ...['-D', home.clusterDir, '-U', user, `--pwfile=${passwordPath}`],
      ...['-A', 'scram-sha-256', '-E', 'UTF8', '--locale=C', '--no-instructions', ...(isDurable ? [] : ['--no-sync'])],
    ]);
    if (result.code !== 0) throw new Error(`initdb failed: ${lastLines(result)}${initdbAdvice(result)}`);
  } finally {
    await rm(passwordPath, { force: true });
  }
  return { user, password, databases: ['postgres'] };
}

function initdbAdvice({ stderr }: CommandResult): string {
  if (!/could not look up effective user ID/.test(stderr)) return '';
  // Common in a container that runs under a numeric user id.
  return '\nPostgreSQL requires a named user: add one with this id to /etc/passwd, or run this as root.';
}

/** Returns the SQL that is missing to set up the account. One statement per line, as the single-user mode requires. */
export function missingStatements(record: ClusterRecord, account: PostgresAccount): string[] {
  const role = quoteName(account.user);
  const password = quoteText(account.password);
  const statements: string[] = [];
  if (record.user !== account.user) statements.push(`CREATE ROLE ${role} SUPERUSER LOGIN PASSWORD ${password}`);
  else if (record.password !== account.password) statements.push(`ALTER ROLE ${role} PASSWORD ${password}`);
  if (!record.databases.includes(account.database)) {
    statements.push(`CREATE DATABASE ${quoteName(account.database)} OWNER ${role}`);
  }
  return statements;
}

/** Runs SQL without a server or a password, and without exposing it in a command line or a log. */
async function runSingleUser(binary: ServerBinary, home: PostgresHome, statements: readonly string[]): Promise<void> {
  const input = `${statements.join('\n')}\n`;
  const args = ['--single', '-D', home.clusterDir, '-c', 'log_min_error_statement=panic', 'postgres'];
  const result = await run(binary, home, binary.command, args, input);
  const failure = /(?:ERROR|FATAL|PANIC): .*/.exec(`${result.stderr}\n${result.stdout}`)?.[0];
  if (result.code !== 0 || failure) throw new Error(`PostgreSQL could not be set up: ${failure ?? lastLines(result)}`);
}

function run(
  binary: ServerBinary,
  { clusterDir, identity }: PostgresHome,
  command: string,
  args: readonly string[],
  input?: string,
): Promise<CommandResult> {
  const env = { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC', ...binary.env };
  return runCommand(command, args, { env, cwd: clusterDir, input, timeoutMs: INIT_TIMEOUT_MS, ...identity });
}

function lastLines(result: CommandResult): string {
  return `${result.stdout}\n${result.stderr}`.trim().split('\n').slice(-10).join('\n');
}

function rejectControlCharacters(text: string): void {
  if (text === '' || /[\u0000-\u001f]/.test(text)) {
    throw new Error('Expected user, password and database that are not empty and have no control characters');
  }
}

function quoteName(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}

function quoteText(text: string): string {
  // E'': backslashes have the same meaning under all server settings.
  return `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}
