/** Which process holds a state folder: one supervisor at a time, and a file that a killed one left is no obstacle. */
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import type { StateDir } from './project-paths.ts';

export interface Holder {
  readonly pid: number;
  /** When the process started, as the kernel counts it: a recycled id is not taken for the supervisor. */
  readonly startTime: string;
}

/** The running supervisor of this folder, or undefined. */
export async function holderOf(state: StateDir): Promise<Holder | undefined> {
  const text = await readFile(state.lockFile, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : livingHolder(text);
}

/**
 * Takes the folder for this process. Returns the one that has it instead, when there is one.
 * @throws the file system's error when the folder cannot be written to.
 */
export async function takeLock(state: StateDir): Promise<Holder | undefined> {
  await mkdir(state.root, { recursive: true, mode: 0o711 });
  return take(state.lockFile, JSON.stringify({ pid: process.pid, startTime: startTimeOf(process.pid) }));
}

/**
 * A lock appears with all of its text, by a hard link, so nobody reads half of one. What a dead process left is replaced by
 * whoever holds the lock that is named after that text; there can be no second one, and it looks again before it replaces.
 */
async function take(lockFile: string, entry: string): Promise<Holder | undefined> {
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

async function linked(file: string, name: string): Promise<boolean> {
  try {
    await link(file, name);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  }
}

function livingHolder(text: string): Holder | undefined {
  try {
    const holder = JSON.parse(text) as Holder;
    return isAlive(holder) ? holder : undefined;
  } catch {
    return undefined;
  }
}

export async function releaseLock(state: StateDir): Promise<void> {
  await rm(state.lockFile, { force: true });
}

function isAlive({ pid, startTime }: Holder): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return startTimeOf(pid) === startTime;
}

/** Field 22 of /proc/<pid>/stat; empty where there is no /proc (macOS), and the id alone must do. */
function startTimeOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}
