/** `npm run status`. */
import { stackState } from './dev-file.ts';
import type { ServiceDescription } from './platform.ts';
import { defaultStateDir as state } from './project-paths.ts';
import { separateWorkers } from './worker.ts';

const HEALTH_TIMEOUT_MS = 2_000;

/** One line per process. Exits with 3 when nothing runs, as `systemctl status` does. */
export async function status(): Promise<void> {
  const { holder, description } = await stackState(state);
  if (holder === undefined || description === undefined) {
    process.stdout.write(holder === undefined ? 'Nothing is running.\n' : `Starting (process ${holder.pid}).\n`);
    process.exitCode = 3;
    return;
  }
  process.stdout.write(`Running (process ${holder.pid}) at ${description.projectUrl}\n`);
  for (const [name, service] of Object.entries(description.services)) {
    const pid = service.pid === null ? 'down' : `pid ${service.pid}`;
    const line = `  ${name.padEnd(12)} ${pid.padEnd(12)} ${(await health(service)).padEnd(14)} ${fateOf(service)}`;
    process.stdout.write(`${line.trimEnd()}\n`);
  }
  for (const { name, holder: own } of await separateWorkers())
    process.stdout.write(`  ${name.padEnd(12)} pid ${own.pid} (npm run worker)\n`);
  for (const notice of description.notices) process.stdout.write(`Note: ${notice}\n`);
}

/** Whether it takes work, in words; empty when it cannot be asked. */
export async function health({ healthUrl }: Pick<ServiceDescription, 'healthUrl'>): Promise<string> {
  if (healthUrl === undefined) return '';
  const response = await fetch(`${healthUrl}/readyz`, { signal: AbortSignal.timeout(HEALTH_TIMEOUT_MS) }).catch(
    () => undefined,
  );
  return response === undefined ? 'does not answer' : response.ok ? 'ready' : 'not ready';
}

/** How often it came back, and why it last ended. */
function fateOf({ restarts, lastExit }: ServiceDescription): string {
  if (lastExit === undefined) return '';
  const times = restarts === 1 ? 'restarted once' : `restarted ${restarts} times`;
  return `${times}, last ended at ${lastExit.at} (${lastExit.reason})`;
}
