import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { processTree } from './process-usage.ts';

/** The system under test has a CPU of its own; the load, the engine and every helper share the other one. */
type Seat = 'system' | 'rest';

/**
 * Gives processes a CPU with `taskset`. Where that is not possible (no taskset, one CPU, not Linux) everything runs
 * where the operating system puts it, and `notice` says so: the numbers are then noisier and systems slow the generator
 * down.
 */
export class Pinning {
  readonly notice: string | undefined;
  readonly #cpus: Record<Seat, number> | undefined;
  /** What processes that are not ours were allowed before, to give back at the end. */
  readonly #before = new Map<number, string>();

  constructor(allowedCpus = allowedCpuList(), taskset = hasTaskset()) {
    const [system, rest] = allowedCpus;
    if (!taskset) this.notice = 'taskset is not installed (package util-linux): nothing is pinned to a CPU.';
    else if (system === undefined || rest === undefined)
      this.notice = 'There is one CPU only: nothing is pinned to a CPU.';
    else this.#cpus = { system, rest };
  }

  /** Says where the seats are, for the report. */
  get description(): string {
    if (this.#cpus === undefined) return 'not pinned';
    return `system under test alone on CPU ${this.#cpus.system}, everything else on CPU ${this.#cpus.rest}`;
  }

  /** Moves a process with all its threads; the children it starts later stay there too. */
  pin(pid: number, seat: Seat): void {
    if (this.#cpus !== undefined) taskset(pid, String(this.#cpus[seat]));
  }

  /** Like `pin`, for a process that was there before, and its children: `restore` gives them back the CPUs that they had. */
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
  // A process that has ended meanwhile, or belongs to another user, is not worth stopping a run for.
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

/** `0-2,5` is [0, 1, 2, 5]. */
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
