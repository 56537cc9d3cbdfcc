/** The process that holds a state folder: one supervisor at a time; the lock of a killed one is replaced. */
import { mkdir, rm } from 'node:fs/promises';
import { lockHolder, takeLockFile } from './process-lock.mjs';
import type { Holder } from './process-lock.mjs';
import type { StateDir } from './project-paths.ts';

export type { Holder };

/** Returns the running supervisor of this folder, or undefined. */
export function holderOf(state: StateDir): Promise<Holder | undefined> {
  return lockHolder(state.lockFile);
}

/**
 * Acquires the folder for this process. Returns the current holder instead, if there is one.
 * @throws the file system's error when the folder is not writable.
 */
export async function takeLock(state: StateDir): Promise<Holder | undefined> {
  await mkdir(state.root, { recursive: true, mode: 0o711 });
  return takeLockFile(state.lockFile);
}

export async function releaseLock(state: StateDir): Promise<void> {
  await rm(state.lockFile, { force: true });
}
