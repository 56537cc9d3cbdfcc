/**
 * A lock file that one process at a time holds, and that a killed process does not block. Plain JavaScript without
 * dependencies: tools/bootstrap.mjs needs it before anything is installed, on any version of Node.
 */
import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';

/** Identifies this process as the holder of a lock file. */
export function thisProcess() {
  return processOf(process.pid);
}

export function processOf(pid) {
  return { pid, startTime: startTimeOf(pid) };
}

/** Returns the running process that holds the lock, or undefined. */
export async function lockHolder(lockFile) {
  const text = await readFile(lockFile, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : livingHolder(text);
}

/**
 * Acquires the lock for this process. Returns the current holder instead, if there is one.
 * @throws the file system's error when the file cannot be written.
 */
export function takeLockFile(lockFile) {
  return take(lockFile, JSON.stringify(thisProcess()));
}

/**
 * A lock is created atomically with its content, by a hard link, so no process reads a partial file. The lock of a dead
 * process is replaced by the holder of a second lock that is named after its content; only one process can hold that,
 * and it checks again before it replaces the first.
 */
async function take(lockFile, entry) {
  const ours = `${lockFile}.${process.pid}-${randomBytes(6).toString('hex')}`;
  await writeFile(ours, entry, { flag: 'wx', mode: 0o600 });
  try {
    for (;;) {
      if (await linked(ours, lockFile)) return undefined;
      const found = await readFile(lockFile, 'utf8').catch(() => undefined);
      if (found === undefined) continue;
      const holder = livingHolder(found);
      if (holder !== undefined) return holder;
      const claim = `${lockFile}.after-${createHash('sha256').update(found).digest('hex').slice(0, 16)}`;
      const claimer = await take(claim, entry);
      if (claimer !== undefined) return claimer;
      try {
        if ((await readFile(lockFile, 'utf8').catch(() => undefined)) !== found) continue;
        await rename(ours, lockFile);
        return undefined;
      } finally {
        await rm(claim, { force: true });
      }
    }
  } finally {
    await rm(ours, { force: true });
  }
}

async function linked(file, name) {
  try {
    await link(file, name);
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    return false;
  }
}

function livingHolder(text) {
  try {
    const holder = JSON.parse(text);
    return isRunning(holder) ? holder : undefined;
  } catch {
    return undefined;
  }
}

/** Whether exactly this process is running: a recycled id is another process, and a zombie has exited. */
export function isRunning({ pid, startTime }) {
  const found = startTimeOf(pid);
  return found !== '' && found === startTime;
}

/** Returns when a process started, as reported by the system; empty when there is none with this id. */
function startTimeOf(pid) {
  if (process.platform !== 'linux') {
    return spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).stdout?.trim() ?? '';
  }
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The fields from the third on: the name before them is in parentheses and may contain anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? '' : (fields[19] ?? '');
  } catch {
    return '';
  }
}
