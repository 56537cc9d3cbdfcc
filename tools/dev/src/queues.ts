/** `npm run queues`: what is in the queues of the running stack. It changes nothing. */
import type { QueueReport, ReportedJob } from '@xerotier/jobs/reports';
import { createLogger } from '@xerotier/log';
import { connectRedis } from '@xerotier/redis';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { stackState } from './dev-file.ts';
import { defaultStateDir as state } from './project-paths.ts';

const USAGE = `npm run queues -- [--json]

  For each queue: how many jobs wait, run, are delayed and have failed, and the first ten of each.
  --json    the same as one JSON document
`;
const CONNECT_TIMEOUT_MS = 5_000;

/** Exits with 3 when nothing runs, like `npm run status`. */
export async function queues(args: readonly string[]): Promise<void> {
  const { json, help } = optionsOf(args);
  if (help) {
    process.stdout.write(USAGE);
    return;
  }
  const { description } = await stackState(state);
  if (description === undefined) {
    process.stdout.write(json ? '[]\n' : 'Nothing is running.\n');
    process.exitCode = 3;
    return;
  }
  const reports = await reportsOf(description.redisUrl);
  process.stdout.write(json ? `${JSON.stringify(reports, null, 2)}\n` : textOf(reports));
}

/** @throws {Error} when Redis does not respond. */
export async function reportsOf(redisUrl: string): Promise<QueueReport[]> {
  const log = createLogger({ service: 'queues', level: 'silent' });
  const redis = connectRedis({ url: redisUrl, name: 'queues', log });
  try {
    await once(redis, 'ready', { signal: AbortSignal.timeout(CONNECT_TIMEOUT_MS) });
    // Not for the other commands, which are in the same program.
    const { queueReports } = await import('@xerotier/jobs/reports');
    return await queueReports(redis);
  } catch (error) {
    throw new Error('Redis does not respond: npm run status', { cause: error });
  } finally {
    redis.disconnect();
  }
}

export function textOf(reports: readonly QueueReport[]): string {
  if (reports.length === 0) return 'No queue has had a job yet.\n';
  const nameWidth = Math.max(...reports.map(({ name }) => name.length));
  const idWidth = Math.max(0, ...reports.flatMap(({ jobs }) => jobs.map(({ id }) => id.length)));
  const lines = reports.flatMap(({ name, counts, jobs }) => [
    `${name.padEnd(nameWidth)}  ${Object.entries(counts)
      .map(([stateName, count]) => `${stateName} ${String(count).padEnd(4)}`)
      .join(' ')}`.trimEnd(),
    ...jobs.map((job) => `  ${job.state.padEnd(8)} ${job.id.padEnd(idWidth)} ${job.at} ${remarkOf(job)}`.trimEnd()),
  ]);
  return `${lines.join('\n')}\n`;
}

function remarkOf({ reason, attempts }: ReportedJob): string {
  const tries = attempts === 0 ? '' : attempts === 1 ? 'one failed attempt' : `${attempts} failed attempts`;
  return [reason, tries].filter(Boolean).join(', ');
}

function optionsOf(args: readonly string[]): { json?: boolean; help?: boolean } {
  try {
    return parseArgs({
      args: [...args],
      options: { json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
    }).values;
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`, { cause: error });
  }
}
