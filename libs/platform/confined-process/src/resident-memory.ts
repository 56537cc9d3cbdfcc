import { readFile } from 'node:fs/promises';

/** Memory of a process, in MiB; undefined when it has ended, and on systems other than Linux. */
export async function residentMemoryMb(pid: number): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'latin1').catch(() => '');
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  return kib === undefined ? undefined : Number(kib) / 1_024;
}
