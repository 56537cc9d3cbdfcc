/** `npm run status`. */
import { stackState } from './dev-file.ts';
import type { PlatformDescription, ServiceDescription } from './platform.ts';
import { defaultStateDir as state } from './project-paths.ts';
import { reportsOf } from './queues.ts';
import { storedWork, textOf } from './stored-work.ts';
import { separateWorkers } from './worker.ts';

const HEALTH_TIMEOUT_MS = 2_000;

/** Prints one line per process, and what projects have stored and enqueued. Exits with 3 when nothing runs, like `systemctl status`. */
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
    const line = `  ${name.padEnd(12)} ${pid.padEnd(12)} ${(await health(service)).padEnd(14)} ${restartsOf(service)}`;
    process.stdout.write(`${line.trimEnd()}\n`);
  }
  for (const { name, holder: own } of await separateWorkers())
    process.stdout.write(`  ${name.padEnd(12)} pid ${own.pid} (npm run worker)\n`);
  process.stdout.write(await workOf(description));
  for (const notice of description.notices) process.stdout.write(`Note: ${notice}\n`);
}

/** Files, batches and queues, as far as the servers respond. */
async function workOf({ databaseUrl, redisUrl }: PlatformDescription): Promise<string> {
  const [stored, queues] = await Promise.all([
    storedWork(databaseUrl).then(textOf, () => 'Files, batches: the database does not respond\n'),
    reportsOf(redisUrl).then(countsTextOf, () => 'Queues: Redis does not respond\n'),
  ]);
  return stored + queues;
}

/** One line per queue; `npm run queues` has its jobs. */
function countsTextOf(reports: Awaited<ReturnType<typeof reportsOf>>): string {
  return reports
    .map(({ name, counts }) => {
      const states = Object.entries(counts).filter(([, count]) => count > 0);
      const text = states.map(([jobs, count]) => `${jobs} ${count}`).join(', ');
      return `Queue ${name}: ${text === '' ? 'empty' : text}\n`;
    })
    .join('');
}

/** Returns the health in words; empty when it has no health URL. */
export async function health({ healthUrl }: Pick<ServiceDescription, 'healthUrl'>): Promise<string> {
  if (healthUrl === undefined) return '';
  const response = await fetch(`${healthUrl}/readyz`, { signal: AbortSignal.timeout(HEALTH_TIMEOUT_MS) }).catch(
    () => undefined,
  );
  return response === undefined ? 'not responding' : response.ok ? 'ready' : 'not ready';
}

/** Formats the number of restarts and the last exit. */
function restartsOf({ restarts, lastExit }: ServiceDescription): string {
  if (lastExit === undefined) return '';
  const times = restarts === 1 ? 'restarted once' : `restarted ${restarts} times`;
  return `${times}, last exit at ${lastExit.at} (${lastExit.reason})`;
}
