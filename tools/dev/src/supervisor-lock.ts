/** Which process holds a state folder: one supervisor at a time, and a file that a killed one left is no obstacle. */
import { mkdir, open, readFile, rm } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import type { StateDir } from './project-paths.ts';

export interface Holder {
  readonly pid: number;
  /** When the process started, as the kernel counts it: a recycled id is not taken for the supervisor. */
  readonly startTime: string;
}

/** The running supervisor of this folder, or undefined. */
export async function holderOf(state: StateDir): Promise<Holder | undefined> {
  const text = await readFile(state.lockFile, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    const holder = JSON.parse(text) as Holder;
    return isAlive(holder) ? holder : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Takes the folder for this process. Returns the one that has it instead, when there is one.
 * @throws the file system's error when the folder cannot be written to.
 */
export async function takeLock(state: StateDir): Promise<Holder | undefined> {
  await mkdir(state.root, { recursive: true, mode: 0o711 });
  for (;;) {
    const file = await open(state.lockFile, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
      return undefined;
    });
    if (file !== undefined) {
      await file.writeFile(JSON.stringify({ pid: process.pid, startTime: startTimeOf(process.pid) }));
      await file.close();
      return undefined;
    }
    const holder = await holderOf(state);
    if (holder !== undefined) return holder;
    await rm(state.lockFile, { force: true });
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
