/** Which process holds a state folder: one supervisor at a time, and a file that a killed one left is no obstacle. */
import { mkdir, rm } from 'node:fs/promises';
import { lockHolder, takeLockFile } from './process-lock.mjs';
import type { Holder } from './process-lock.mjs';
import type { StateDir } from './project-paths.ts';

export type { Holder };

/** The running supervisor of this folder, or undefined. */
export function holderOf(state: StateDir): Promise<Holder | undefined> {
  return lockHolder(state.lockFile);
}

/**
 * Takes the folder for this process. Returns the one that has it instead, when there is one.
 * @throws the file system's error when the folder cannot be written to.
 */
export async function takeLock(state: StateDir): Promise<Holder | undefined> {
  await mkdir(state.root, { recursive: true, mode: 0o711 });
  return takeLockFile(state.lockFile);
}

export async function releaseLock(state: StateDir): Promise<void> {
  await rm(state.lockFile, { force: true });
}
