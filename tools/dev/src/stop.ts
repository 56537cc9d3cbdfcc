/** `npm stop`, `npm run status`, `npm run reset`. */
import { defaultStateDir as state } from './project-paths.ts';
import { removeState } from './presets.ts';
import { readDevFile } from './start.ts';
import { holderOf } from './supervisor-lock.ts';

const STOP_TIMEOUT_MS = 60_000;

/** Ends the running platform and waits until it is gone. */
export async function stop(): Promise<void> {
  const holder = await holderOf(state);
  if (holder === undefined) {
    process.stdout.write('Nothing is running.\n');
    return;
  }
  process.kill(holder.pid, 'SIGTERM');
  const deadline = performance.now() + STOP_TIMEOUT_MS;
  while ((await holderOf(state)) !== undefined) {
    if (performance.now() > deadline)
      throw new Error(
        `Process ${holder.pid} did not stop within ${STOP_TIMEOUT_MS / 1_000} s. Its log is in ${state.logs}.`,
      );
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  process.stdout.write('Stopped.\n');
}

/** One line per process. Exits with 3 when nothing runs, as `systemctl status` does. */
export async function status(): Promise<void> {
  const holder = await holderOf(state);
  const description = holder === undefined ? undefined : await readDevFile();
  if (holder === undefined || description === undefined) {
    process.stdout.write(holder === undefined ? 'Nothing is running.\n' : `Starting (process ${holder.pid}).\n`);
    process.exitCode = 3;
    return;
  }
  process.stdout.write(`Running (process ${holder.pid}) at ${description.projectUrl}\n`);
  for (const [name, { pid, healthUrl }] of Object.entries(description.services)) {
    process.stdout.write(
      `  ${name.padEnd(12)} ${pid === null ? 'down' : `pid ${pid}`.padEnd(12)} ${await health(healthUrl)}\n`,
    );
  }
}

/** Removes all data and keys. */
export async function reset(): Promise<void> {
  await stop();
  await removeState(state);
  process.stdout.write(`Removed ${state.root}.\n`);
}

async function health(url: string | undefined): Promise<string> {
  if (url === undefined) return '';
  const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined);
  return response === undefined ? 'does not answer' : response.ok ? 'ready' : 'not ready';
}
