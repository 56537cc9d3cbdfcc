import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isAlive, isServerIn, startMark } from './process-identity.ts';
import type { ServerKind } from './programs.ts';
import { STOP_SIGNALS } from './stop-signals.ts';
import { writeAtomic } from './write-atomic.ts';

/** What a data folder stores between runs. */
interface RunRecord {
  readonly kind: ServerKind;
  /** The port of the last run, preferred again so that printed URLs stay valid. */
  readonly port: number;
  /** The running server, or null after a graceful stop. */
  readonly pid: number | null;
  /** Name of its executable. */
  readonly program: string;
  /** Its current folder, which identifies it. */
  readonly cwd: string;
  /** The process that started it, with its start time. */
  readonly supervisor: { readonly pid: number; readonly startMark: string | null };
}

const RECORD = 'server.json';
const POLL_MS = 20;

export async function readRecord(dataDir: string): Promise<RunRecord | null> {
  const text = await readFile(join(dataDir, RECORD), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (text === null) return null;
  try {
    return JSON.parse(text) as RunRecord;
  } catch {
    // Written atomically, so only a full disk or a manual edit can cause this. The content is not essential.
    return null;
  }
}

export function writeRecord(dataDir: string, record: RunRecord): Promise<void> {
  return writeAtomic(join(dataDir, RECORD), JSON.stringify(record, null, 2));
}

/** Returns the recorded server if it is still running, but never an unrelated process with the same id. */
async function runningServer(record: RunRecord): Promise<number | null> {
  const { pid, program, cwd } = record;
  if (pid === null || !(await isAlive(pid))) return null;
  return (await isServerIn(pid, program, cwd)) ? pid : null;
}

/** Returns the process id of a data folder's server that outlived its supervisor, or null. */
export async function leftRunning(dataDir: string): Promise<number | null> {
  const record = await readRecord(dataDir);
  const pid = record && (await runningServer(record));
  return record && pid !== null && !(await isSupervised(record)) ? pid : null;
}

async function isSupervised({ supervisor }: RunRecord): Promise<boolean> {
  const mark = (await isAlive(supervisor.pid)) ? await startMark(supervisor.pid) : null;
  return mark !== null && mark === supervisor.startMark;
}

/**
 * Stops a server that outlived its supervisor. Throws when the supervisor is still running: then the folder is in use,
 * and two servers on the same data would corrupt it.
 */
export async function stopStale(dataDir: string, graceMs: number): Promise<void> {
  const record = await readRecord(dataDir);
  const pid = record && (await runningServer(record));
  if (!record || pid === null) return;
  const { supervisor } = record;
  if (await isSupervised(record)) {
    throw new Error(
      `${record.program} is already running on ${dataDir} (process ${pid}, port ${record.port}), ` +
        `started by process ${supervisor.pid}. Stop that one first.`,
    );
  }
  await endProcess(pid, STOP_SIGNALS[record.kind], graceMs);
}

/** Terminates a process that is not a child, and kills it when it does not exit within `graceMs`. */
async function endProcess(pid: number, stopSignal: NodeJS.Signals, graceMs: number): Promise<void> {
  sendSignal(pid, stopSignal);
  sendSignal(pid, 'SIGCONT');
  if (await waitUntilGone(pid, graceMs)) return;
  sendSignal(pid, 'SIGKILL');
  if (await waitUntilGone(pid, 5_000)) return;
  throw new Error(`Process ${pid}, left over from an earlier run, does not exit even when killed`);
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ESRCH') return;
    if (code !== 'EPERM') throw error;
    throw new Error(`Process ${pid} belongs to another user, who must stop it`, { cause: error });
  }
}

async function waitUntilGone(pid: number, timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (await isAlive(pid)) {
    if (Date.now() > deadline) return false;
    await delay(POLL_MS);
  }
  return true;
}
