import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { judgeAims } from './aims.ts';
import { compareWithBaseline } from './baseline-comparison.ts';
import { fullPlan, selfCheckPlan, withPhases } from './bench-plan.ts';
import { writeBenchmarksPage } from './benchmarks-page.ts';
import { describeMachine } from './machine.ts';
import { LoadProcess } from './measurement.ts';
import type { Measurement } from './measurement.ts';
import { pageRoundsMin, parseOptions, usage } from './options.ts';
import type { BenchOptions } from './options.ts';
import { Pinning } from './pinning.ts';
import { takeProfiles } from './profiles.ts';
import { renderReport } from './report.ts';
import { runRounds } from './rounds.ts';
import { median } from './statistics.ts';
import { Summary } from './summary.ts';
import { TargetSet } from './target-set.ts';
import { standardTargets } from './targets/target.ts';
import type { TargetName } from './targets/target.ts';

const root = join(import.meta.dirname, '../../..');
const pagePath = join(root, 'docs/benchmarks.md');

function print(line: string): void {
  console.log(line);
}

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2));
  if (options === 'help') return print(usage);
  const startedAt = new Date();
  const outputDir = join(root, '.cache/bench', startedAt.toISOString().slice(0, 19).replaceAll(':', '-'));
  mkdirSync(outputDir, { recursive: true });
  const pinning = new Pinning();
  if (pinning.notice !== undefined) print(pinning.notice);
  // The load generator and the engine are started from here and inherit the CPU.
  pinning.pin(process.pid, 'rest');
  const load = await LoadProcess.start();
  const targets = new TargetSet({
    pinning,
    serversDir: join(root, '.cache/servers'),
    scratchDir: outputDir,
    platformPath: options.platformPath,
    baselinePath: options.baselinePath,
    print,
  });
  const stop = async (): Promise<void> => {
    await targets.stop();
    await load.stop();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void stop().finally(() => process.exit(130)));
  }
  try {
    await targets.start(options.targets, load, options.targetsNamed);
    const notices = [...(pinning.notice === undefined ? [] : [pinning.notice]), ...targets.notices];
    await run(options, { startedAt, outputDir, load, targets, pinning: pinning.description, notices });
  } finally {
    await stop();
  }
}

interface RunParts {
  startedAt: Date;
  outputDir: string;
  load: LoadProcess;
  targets: TargetSet;
  pinning: string;
  notices: string[];
}

async function run(options: BenchOptions, parts: RunParts): Promise<void> {
  const { startedAt, outputDir, load, targets, pinning, notices } = parts;
  const full = options.selfCheck ? selfCheckPlan() : fullPlan(options.rounds, options.seconds);
  const plan = options.phases === undefined ? full : withPhases(full, options.phases);
  const measurements = await runRounds(plan, targets.running, load, print);
  const summary = new Summary(measurements);
  const content = {
    startedAt,
    machine: describeMachine(),
    pinning,
    versions: { node: process.versions.node, ...targets.versions },
    rounds: plan.rounds,
    seconds: options.selfCheck ? 0.2 : options.seconds,
    foreignCpus: foreignCpus(measurements),
    notices,
    targets: [...targets.running.keys()],
    rows: summary.rows(plan),
    aims: judgeAims(summary),
    comparison: compareWithBaseline(summary),
  };
  const rawPath = join(outputDir, 'raw.json');
  writeFileSync(rawPath, JSON.stringify({ options, plan, ...content, measurements }, null, 1));
  const report = renderReport(content);
  print(`\n${report}\n\nRaw numbers: ${relative(process.cwd(), rawPath)}`);
  if (options.selfCheck) return checkNothingFailed(measurements);
  const complete = plan === full && plan.rounds >= pageRoundsMin && isFullRun(content.targets);
  if (complete || options.writePage) writeBenchmarksPage(pagePath, report);
  else print(`docs/benchmarks.md was not changed: that requires all targets and ${pageRoundsMin} rounds, or --write.`);
  if (options.profile) await takeProfiles(targets.running, load, outputDir, print);
}

/** Whether this run has exactly the standard targets, as the documentation shows them. */
function isFullRun(targets: readonly TargetName[]): boolean {
  return targets.length === standardTargets.length && standardTargets.every((name) => targets.includes(name));
}

/** CPUs that other programs used, in the median phase. */
function foreignCpus(measurements: readonly Measurement[]): number | undefined {
  const shares = measurements.flatMap(({ foreignCpuMs, result }) =>
    foreignCpuMs === undefined ? [] : [foreignCpuMs / result.durationMs],
  );
  return shares.length === 0 ? undefined : median(shares);
}

function checkNothingFailed(measurements: readonly Measurement[]): void {
  const failed = measurements.filter(({ result }) => result.failed > 0);
  for (const { target, phase, result } of failed) print(`FAILED: ${target}, ${phase}: ${result.problems.join(' | ')}`);
  print(`Self-check: ${measurements.length - failed.length} of ${measurements.length} loads without a failure.`);
  if (failed.length > 0 || measurements.length === 0) process.exitCode = 1;
}

await main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
