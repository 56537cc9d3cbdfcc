import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { acquireFetchLock } from './fetch-lock.ts';

const LOCK_WAIT_MS = 600_000;

/** What every download into the cache needs. */
export interface FetchOptions {
  readonly cacheDir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly onProgress: (message: string) => void;
  readonly signal?: AbortSignal;
}

/** Runs `work` while no other process downloads into the cache. */
export async function withFetchLock<T>({ cacheDir, onProgress }: FetchOptions, work: () => Promise<T>): Promise<T> {
  await mkdir(cacheDir, { recursive: true });
  const lock = await acquireFetchLock(cacheDir, LOCK_WAIT_MS, () =>
    onProgress('waiting for another process that is downloading servers'),
  );
  try {
    return await work();
  } finally {
    lock.release();
  }
}

/** Runs `work` with an empty folder in the cache, which is then removed. Call it under the lock: it removes leftovers. */
export async function withWorkDir<T>(cacheDir: string, work: (workDir: string) => Promise<T>): Promise<T> {
  const leftovers = (await readdir(cacheDir)).filter((name) => name.startsWith('work-'));
  await Promise.all(leftovers.map((name) => rm(join(cacheDir, name), { recursive: true, force: true })));
  const workDir = await mkdtemp(join(cacheDir, 'work-'));
  try {
    return await work(workDir);
  } finally {
    await rm(workDir, { recursive: true, force: true });
  }
}
