import { readFileSync, readdirSync, writeFileSync } from 'node:fs';

/** Linux reports CPU time in hundredths of a second, whatever the kernel's own tick is. */
const tickMs = 10;
const statField = { parent: 1, userTime: 11, systemTime: 12 };

/**
 * Returns the CPU time of a process so far, user and system, of all threads; undefined where /proc does not report it.
 */
export function processCpuMs(pid: number): number | undefined {
  const fields = statOf(pid);
  if (fields === undefined) return undefined;
  return (Number(fields[statField.userTime]) + Number(fields[statField.systemTime])) * tickMs;
}

/** Returns a process and all its current descendants: PostgreSQL has a process for each connection. */
export function processTree(pid: number): number[] {
  const children = new Map<number, number[]>();
  for (const child of allPids()) {
    const parent = Number(statOf(child)?.[statField.parent]);
    children.set(parent, [...(children.get(parent) ?? []), child]);
  }
  const tree = [pid];
  for (let at = 0; at < tree.length; at += 1) tree.push(...(children.get(tree[at] as number) ?? []));
  return tree;
}

/**
 * Returns the CPU time of each process of the machine. The machine's own counters are not used, because many kernels
 * only sample them and miss short bursts.
 */
export function allProcessesCpuMs(): Map<number, number> {
  return new Map(
    allPids().flatMap((pid) => {
      const cpuMs = processCpuMs(pid);
      return cpuMs === undefined ? [] : [[pid, cpuMs] as const];
    }),
  );
}

/** Resets the peak of a process's resident memory; without permission the peak is that of its whole life. */
export function resetPeakMemory(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, '5');
  } catch {
    // Another user's process, or not Linux: the larger number is the safe one.
  }
}

/** Returns the peak resident memory of a process since the last reset, in bytes. */
export function peakMemoryBytes(pid: number): number | undefined {
  const kilobytes = /^VmHWM:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`) ?? '')?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}

function allPids(): number[] {
  return (list('/proc') ?? []).map(Number).filter(Number.isInteger);
}

/**
 * Returns the fields of /proc/<pid>/stat from the third on. The second, the name in brackets, may contain spaces and
 * brackets.
 */
function statOf(pid: number): string[] | undefined {
  const stat = read(`/proc/${pid}/stat`);
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function list(path: string): string[] | undefined {
  try {
    return readdirSync(path);
  } catch {
    return undefined;
  }
}
