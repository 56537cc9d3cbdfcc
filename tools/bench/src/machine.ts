import { readFileSync } from 'node:fs';
import { cpus, release, totalmem, type } from 'node:os';

export interface Machine {
  cpu: string;
  cpuCount: number;
  memoryGb: number;
  system: string;
  node: string;
}

/** Describes the machine as far as needed to judge the numbers; nothing that identifies or locates it. */
export function describeMachine(): Machine {
  const all = cpus();
  return {
    cpu: all[0]?.model.trim() ?? 'unknown CPU',
    cpuCount: all.length,
    memoryGb: Math.round(totalmem() / 1e9),
    system: `${distribution() ?? type()}, kernel ${release().split('-', 1)[0]}`,
    node: process.versions.node,
  };
}

function distribution(): string | undefined {
  try {
    return /^PRETTY_NAME="?([^"\n]+)"?$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1];
  } catch {
    return undefined;
  }
}
