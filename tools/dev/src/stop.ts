/** `npm stop`. */
import { defaultStateDir as state } from './project-paths.ts';
import { holderOf } from './supervisor-lock.ts';

const STOP_TIMEOUT_MS = 60_000;

/** Stops the running platform and waits until it has exited. */
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
