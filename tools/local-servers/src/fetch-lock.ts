import { spawn } from 'node:child_process';
import { join } from 'node:path';

interface FetchLock {
  release(): void;
}

/**
 * Lets one process at a time download into `cacheDir`. The lock is held by a small child process (flock, present
 * wherever apt is) that exits with this process, so a killed download never leaves a lock behind. Without flock there
 * is no locking: concurrent downloads are then only wasteful, not wrong, because the results are moved into place
 * atomically.
 */
export function acquireFetchLock(cacheDir: string, timeoutMs: number, onWait: () => void): Promise<FetchLock> {
  return new Promise((resolve, reject) => {
    const waitSeconds = Math.ceil(timeoutMs / 1000);
    const lockPath = join(cacheDir, '.fetch-lock');
    const holder = spawn('flock', ['-w', String(waitSeconds), lockPath, 'sh', '-c', 'echo locked; exec cat'], {
      // Its own process group: Ctrl-C in the terminal must not release the lock while this process still cleans up.
      detached: true,
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    const waiting = setTimeout(onWait, 500);
    let isHeld = false;
    holder.stdin.on('error', () => {});
    holder.stdout.once('data', () => {
      isHeld = true;
      clearTimeout(waiting);
      resolve({ release: () => holder.stdin.end() });
    });
    holder.once('error', () => {
      clearTimeout(waiting);
      resolve({ release: () => {} });
    });
    holder.once('exit', () => {
      clearTimeout(waiting);
      if (isHeld) return;
      reject(
        new Error(
          `Another process has been downloading servers into ${cacheDir} for more than ${waitSeconds} s. ` +
            `Wait for it, or stop it (\`fuser ${lockPath}\` prints it), then try again.`,
        ),
      );
    });
  });
}
