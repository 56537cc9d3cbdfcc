/**
 * `npm run chaos`: a client runs batches while services and servers are killed at random; then everything is left alone, all batches
 * have to complete, and files and ledger have to agree.
 */
import { buildAll, projectRoot, scriptedPlatform, startTemporaryPlatform } from '@xerotier/dev';
import type { Platform } from '@xerotier/dev';
import { eventually } from '@xerotier/testing';
import { cpSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { BatchLoad } from './batch-load.ts';
import { isClean } from './check-batches.ts';
import { checkEndedBatches } from './ended-batches.ts';
import { describeFault, inject, planFaults } from './faults.ts';
import { ledgerDrift } from './ledger-drift.ts';
import { parseOptions, usage } from './options.ts';
import type { ChaosOptions } from './options.ts';
import { Random } from './random.ts';

/** Batches at the same time, and their lines. */
const CLIENTS = 3;
const LINES = { min: 50, max: 400 };
const STATUS_EVERY_MS = 10_000;
/** How long the batches may take to end after the last fault. */
const END_TIMEOUT_MS = 15 * 60_000;
const HEALTHY_TIMEOUT_MS = 3 * 60_000;
/** Shorter than usual, so that it is soon known what the ledger has in the end. */
const REQUEST_TIMEOUT_MS = 20_000;
const USAGE_GRACE_SECONDS = 20;
const LEDGER_TIMEOUT_MS = 5 * 60_000;

function print(line: string): void {
  console.log(line);
}

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2));
  if (options === 'help') return print(usage);
  print(`chaos: ${options.minutes} minutes, --seed ${options.seed}`);
  await buildAll();
  const platform = await startTemporaryPlatform({
    ...scriptedPlatform({ workers: 2, slots: 8 }),
    env: { REQUEST_TIMEOUT_MS: String(REQUEST_TIMEOUT_MS), USAGE_GRACE_SECONDS: String(USAGE_GRACE_SECONDS) },
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void platform.stop().finally(() => process.exit(130)));
  let hasPassed = false;
  try {
    hasPassed = await run(platform, options);
  } finally {
    if (!hasPassed) keepLogs(platform, options.seed);
    await platform.stop();
  }
  process.exit(hasPassed ? 0 : 1);
}

async function run(platform: Platform, { minutes, seed }: ChaosOptions): Promise<boolean> {
  const startedAt = performance.now();
  const say = (text: string): void =>
    print(`${((performance.now() - startedAt) / 1_000).toFixed(1).padStart(7)} s  ${text}`);
  const { description } = platform;
  const load = new BatchLoad({ ...description, model: description.endpointSlug });
  const random = new Random(seed);
  let isOver = false;
  const clients = Array.from({ length: CLIENTS }, async () => {
    while (!isOver) await load.run(random.int(LINES.min, LINES.max));
  });
  const ended = Promise.allSettled(clients);
  const report = (): void =>
    say(`${load.batches.length} batches, ${load.linesDone} lines done, ${load.repeated} requests repeated`);
  const status = setInterval(report, STATUS_EVERY_MS);

  const faults = await breakThings(platform, seed, minutes * 60_000, say);
  isOver = true;
  say('no more faults: waiting for all processes and batches');
  await eventually('all processes run', () => isHealthy(platform), HEALTHY_TIMEOUT_MS);
  const results = await Promise.race([ended, delay(END_TIMEOUT_MS, undefined, { ref: false })]);
  clearInterval(status);
  report();
  const stuck = results === undefined ? ['batches have not ended'] : [];
  const failures = (results ?? []).flatMap((each) => (each.status === 'rejected' ? [String(each.reason)] : []));

  const { databaseUrl, projectId } = platform.description;
  const { openai, batches } = load;
  const { findings, remains, succeeded } = await checkEndedBatches({ openai, databaseUrl, projectId, batches });
  const drift = await ledgerDrift(platform, LEDGER_TIMEOUT_MS);
  const problems = [...new Set([...stuck, ...failures, ...load.surprises])];
  for (const problem of problems) print(`PROBLEM ${problem}`);
  for (const [kind, found] of Object.entries(findings) as [string, string[]][])
    for (const what of found.slice(0, 20)) print(`PROBLEM ${kind}: ${what}`);

  const hasPassed = isClean(findings) && problems.length === 0 && remains === 0 && drift === 0;
  const counts = Object.entries(findings).map(([kind, found]: [string, string[]]) => `${kind} ${found.length}`);
  print(
    `chaos: ${hasPassed ? 'PASSED' : 'FAILED'}, --seed ${seed}, ${minutes} minutes, ${faults} faults, ${batches.length} batches, ${succeeded} lines succeeded; ` +
      `${[...counts, `remains ${remains}`, `drift ${drift} tokens`, `other problems ${problems.length}`].join(', ')}`,
  );
  return hasPassed;
}

/** @returns the number of faults. */
async function breakThings(
  platform: Platform,
  seed: number,
  durationMs: number,
  say: (text: string) => void,
): Promise<number> {
  // Of its own, so that the faults do not depend on what the clients do.
  const plan = planFaults(
    new Random(seed),
    platform.services.map(({ spec }) => spec.name),
  );
  const endsAt = performance.now() + durationMs;
  for (let faults = 0; ; faults += 1) {
    const { quietMs, fault } = plan.next().value;
    await delay(Math.max(0, Math.min(quietMs, endsAt - performance.now())));
    if (performance.now() >= endsAt) return faults;
    say(describeFault(fault));
    await inject(fault, platform);
  }
}

/** Whether all processes run, and say that they can serve. */
async function isHealthy({ services }: Platform): Promise<boolean> {
  const healthy = services.map(
    async ({ pid, healthUrl }) =>
      pid !== null && (await fetch(`${healthUrl}/readyz`).catch(() => undefined))?.ok === true,
  );
  return (await Promise.all(healthy)).every(Boolean);
}

/** The folder of the platform is removed when it stops. */
function keepLogs({ services }: Platform, seed: number): void {
  const [first] = services;
  if (first === undefined) return;
  const folder = join(projectRoot, '.cache/chaos', String(seed));
  mkdirSync(folder, { recursive: true });
  cpSync(dirname(first.spec.logFile), folder, { recursive: true });
  print(`The logs are in ${folder}`);
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(2);
}
