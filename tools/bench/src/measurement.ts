import { once } from 'node:events';
import type { Phase } from './bench-plan.ts';
import { forkEntry } from './child.ts';
import type { Child } from './child.ts';
import type { LoadResult, LoadSpec, LoadTarget } from './load-spec.ts';
import { allProcessesCpuMs, peakMemoryBytes, processTree, resetPeakMemory } from './process-usage.ts';
import type { RunningTarget, TargetName, TargetProcess } from './targets/target.ts';

/** One phase of one target in one round: the raw data of every number in the report. */
export interface Measurement {
  /** From 0. */
  round: number;
  target: TargetName;
  phase: string;
  result: LoadResult;
  /** CPU time by process, including its children, during the phase; a process whose usage is unreadable is missing. */
  cpuMs: Record<string, number>;
  /** The names in `cpuMs` that belong to the system under test. */
  system: string[];
  /** CPU time of the system under test; undefined when the usage of any of its processes is unreadable. */
  systemCpuMs: number | undefined;
  /** CPU time of all other processes that lived to the end of the phase: an indicator of noise. */
  foreignCpuMs: number | undefined;
  /** Peak resident memory of the system under test during the phase. */
  systemPeakBytes: number | undefined;
}

/** The load generator in its own process. */
export class LoadProcess {
  readonly #child: Child;

  constructor(child: Child) {
    this.#child = child;
  }

  static async start(): Promise<LoadProcess> {
    return new LoadProcess(await forkEntry(new URL('./load-process.ts', import.meta.url)));
  }

  get pid(): number {
    return this.#child.pid;
  }

  async run(target: LoadTarget, spec: LoadSpec): Promise<LoadResult> {
    const ended = new AbortController();
    const reply = once(this.#child.process, 'message', { signal: ended.signal });
    const onExit = (): void => ended.abort(new Error(`The load generator ended. ${this.#child.output()}`));
    this.#child.process.once('exit', onExit);
    this.#child.process.send({ target, spec });
    try {
      const [message] = (await reply) as [{ result: LoadResult }];
      return message.result;
    } finally {
      this.#child.process.off('exit', onExit);
    }
  }

  stop(): Promise<void> {
    return this.#child.stop();
  }
}

/** Runs one phase against one target, and reads the usage of each process before and after it. */
export async function measure(
  round: number,
  target: TargetName,
  running: RunningTarget,
  phase: Phase,
  load: LoadProcess,
): Promise<Measurement> {
  const processes: TargetProcess[] = [...running.system, ...running.helpers, { name: 'load generator', pid: load.pid }];
  for (const { pid } of running.system) resetPeakMemory(pid);
  const before = allProcessesCpuMs();
  const result = await load.run(running.load, phase);
  const after = allProcessesCpuMs();
  const trees = processes.map(({ pid }) => processTree(pid));
  const used = trees.map((tree) => usedByTree(tree, before, after));
  return {
    round,
    target,
    phase: phase.name,
    result,
    cpuMs: Object.fromEntries(
      processes.flatMap(({ name }, index) => (used[index] === undefined ? [] : [[name, used[index]]])),
    ),
    system: running.system.map(({ name }) => name),
    systemCpuMs: total(used.slice(0, running.system.length)),
    foreignCpuMs: foreignCpuMs(before, after, new Set([process.pid, ...trees.flat()])),
    systemPeakBytes: total(running.system.map(({ pid }) => peakMemoryBytes(pid))),
  };
}

function foreignCpuMs(
  before: ReadonlyMap<number, number>,
  after: ReadonlyMap<number, number>,
  ours: ReadonlySet<number>,
): number | undefined {
  if (after.size === 0) return undefined;
  const others = [...after].filter(([pid]) => !ours.has(pid));
  return others.reduce((sum, [pid, cpuMs]) => sum + cpuMs - (before.get(pid) ?? 0), 0);
}

/** Children that started during the phase count from zero, and those that exited do not count. */
function usedByTree(
  [root, ...children]: number[],
  before: ReadonlyMap<number, number>,
  after: ReadonlyMap<number, number>,
): number | undefined {
  const [rootBefore, rootAfter] = [before, after].map((at) => at.get(root ?? 0));
  if (rootBefore === undefined || rootAfter === undefined) return undefined;
  return children.reduce(
    (sum, pid) => sum + (after.get(pid) ?? before.get(pid) ?? 0) - (before.get(pid) ?? 0),
    rootAfter - rootBefore,
  );
}

/** Undefined when any part is: a partial sum would look too good. */
function total(parts: (number | undefined)[]): number | undefined {
  return parts.reduce((sum, part) => (sum === undefined || part === undefined ? undefined : sum + part), 0);
}
