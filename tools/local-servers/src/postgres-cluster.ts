import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ServerBinary } from './binaries.ts';
import { giveTo, makeClusterDir, type PostgresHome } from './postgres-home.ts';
import { runCommand, type CommandResult } from './run-command.ts';
import { writeAtomic } from './write-atomic.ts';

/** A role that owns everything in the server, its password, and a database of it. */
interface PostgresAccount {
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

/** What the cluster is known to hold, so that a start that changes nothing costs nothing. */
interface ClusterRecord {
  readonly user: string;
  readonly password: string;
  readonly databases: readonly string[];
}

const INIT_TIMEOUT_MS = 120_000;

/** Makes the cluster when there is none, and brings its role, password and database to what is wanted. */
export async function ensureCluster(
  binary: ServerBinary,
  home: PostgresHome,
  recordPath: string,
  account: PostgresAccount,
  isDurable: boolean,
): Promise<void> {
  [account.user, account.password, account.database].forEach(rejectControlCharacters);
  const major = await clusterMajor(home.clusterDir);
  if (major === null) await initCluster(binary, home, recordPath, account, isDurable);
  else rejectOtherMajor(major, binary, home);
  const record = await readClusterRecord(recordPath);
  if (!record) {
    throw new Error(
      `${recordPath}, which holds the password of the data in ${home.clusterDir}, is missing. ` +
        'Bring it back, or remove the data to begin with empty ones.',
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
    `The data in ${home.clusterDir} were written by PostgreSQL ${major}, and ${binary.command} is ${available}. ` +
      `Install PostgreSQL ${major} again, or remove the data to begin with empty ones.`,
  );
}

/** The major version that wrote the data in a cluster's folder, or null when there are none. */
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

/** Under another name until it is complete, so that a cluster with the right name was never half made. */
async function initCluster(
  binary: ServerBinary,
  home: PostgresHome,
  recordPath: string,
  account: PostgresAccount,
  isDurable: boolean,
): Promise<void> {
  const unfinished: PostgresHome = { ...home, clusterDir: `${home.clusterDir}.new` };
  await rm(unfinished.clusterDir, { recursive: true, force: true });
  await makeClusterDir(unfinished);
  // In a file, because every user of the machine can read the command lines of all processes.
  const passwordPath = join(home.parentDir, `.password-${process.pid}`);
  try {
    await writeFile(passwordPath, account.password, { mode: 0o600 });
    await giveTo(passwordPath, home.identity);
    const result = await run(binary, unfinished, join(binary.commandDir, 'initdb'), [
      ...['-D', unfinished.clusterDir, '-U', account.user, `--pwfile=${passwordPath}`],
      ...['-A', 'scram-sha-256', '-E', 'UTF8', '--locale=C', '--no-instructions', ...(isDurable ? [] : ['--no-sync'])],
    ]);
    if (result.code !== 0) throw new Error(`initdb failed: ${lastLines(result)}${initdbAdvice(result)}`);
  } finally {
    await rm(passwordPath, { force: true });
  }
  await writeClusterRecord(recordPath, { user: account.user, password: account.password, databases: ['postgres'] });
  await rm(home.clusterDir, { recursive: true, force: true });
  await rename(unfinished.clusterDir, home.clusterDir);
}

function initdbAdvice({ stderr }: CommandResult): string {
  if (!/could not look up effective user ID/.test(stderr)) return '';
  // Usual in a container that is run under a number.
  return '\nPostgreSQL needs a user with a name: add one with this number to /etc/passwd, or run this as root.';
}

/** SQL that leads from what the cluster has to what is wanted. One statement a line, as the single-user mode reads. */
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

/** Runs SQL without a server, without a password, and without a word of it in a command line or a log. */
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
    throw new Error('User, password and database must not be empty or hold control characters');
  }
}

function quoteName(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}

function quoteText(text: string): string {
  // E'': a backslash means the same whatever the server's settings are.
  return `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}
