import { spawn } from 'node:child_process';
import { join } from 'node:path';

interface FetchLock {
  release(): void;
}

/**
 * Lets one process at a time fetch into `cacheDir`. The lock is held by a small child process (flock, present wherever
 * apt is) that ends when this process does, so a killed fetch never leaves a lock behind.
 * On a machine without flock the answer is a lock that locks nothing: fetches are then only wasteful, not wrong,
 * because what they unpack is moved into place in one step.
 */
export function acquireFetchLock(cacheDir: string, timeoutMs: number, onWait: () => void): Promise<FetchLock> {
  return new Promise((resolve, reject) => {
    const waitSeconds = Math.ceil(timeoutMs / 1000);
    const lockPath = join(cacheDir, '.fetch-lock');
    const holder = spawn('flock', ['-w', String(waitSeconds), lockPath, 'sh', '-c', 'echo locked; exec cat'], {
      // Its own group: a Ctrl-C in the terminal must not open the lock while this process still tidies up.
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
          `Another process has been fetching servers into ${cacheDir} for more than ${waitSeconds} s. ` +
            `Wait for it, or end it (\`fuser ${lockPath}\` names it), then try again.`,
        ),
      );
    });
  });
}
