import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { processTree } from './process-usage.ts';

/** The system under test has its own CPU; the load, the engine and all helpers share the other one. */
type Seat = 'system' | 'rest';

/**
 * Pins processes to a CPU with `taskset`. Where that is not possible (no taskset, one CPU, not Linux) everything runs
 * wherever the operating system schedules it, and `notice` says so: the numbers are then noisier, and systems slow down
 * the generator.
 */
export class Pinning {
  readonly notice: string | undefined;
  readonly #cpus: Record<Seat, number> | undefined;
  /** The previous CPU affinity of processes that this run did not start, to restore it at the end. */
  readonly #before = new Map<number, string>();

  constructor(allowedCpus = allowedCpuList(), taskset = hasTaskset()) {
    const [system, rest] = allowedCpus;
    if (!taskset) this.notice = 'taskset is not installed (package util-linux): nothing is pinned to a CPU.';
    else if (system === undefined || rest === undefined)
      this.notice = 'There is only one CPU: nothing is pinned to a CPU.';
    else this.#cpus = { system, rest };
  }

  /** Describes the pinning for the report. */
  get description(): string {
    if (this.#cpus === undefined) return 'not pinned';
    return `system under test alone on CPU ${this.#cpus.system}, everything else on CPU ${this.#cpus.rest}`;
  }

  /** Pins a process with all its threads; its future children inherit it. */
  pin(pid: number, seat: Seat): void {
    if (this.#cpus !== undefined) taskset(pid, String(this.#cpus[seat]));
  }

  /** Like `pin`, for a process that this run did not start, and its children: `restore` resets their CPU affinity. */
  borrow(root: number, seat: Seat): void {
    if (this.#cpus === undefined) return;
    for (const pid of processTree(root)) {
      const before = cpuListOf(pid);
      if (before !== undefined && !this.#before.has(pid)) this.#before.set(pid, before);
      this.pin(pid, seat);
    }
  }

  restore(): void {
    for (const [pid, cpus] of this.#before) taskset(pid, cpus);
    this.#before.clear();
  }
}

function taskset(pid: number, cpus: string): void {
  // A process that has exited, or belongs to another user, should not stop a run.
  spawnSync('taskset', ['-a', '-c', '-p', cpus, String(pid)], { stdio: 'ignore' });
}

function hasTaskset(): boolean {
  return spawnSync('taskset', ['--version'], { stdio: 'ignore' }).status === 0;
}

function cpuListOf(pid: number | 'self'): string | undefined {
  try {
    return /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  } catch {
    return undefined;
  }
}

/** Parses `0-2,5` to [0, 1, 2, 5]. */
export function parseCpuList(list: string): number[] {
  return list.split(',').flatMap((range) => {
    const [first = Number.NaN, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

function allowedCpuList(): number[] {
  const list = cpuListOf('self');
  return list === undefined ? [] : parseCpuList(list);
}
