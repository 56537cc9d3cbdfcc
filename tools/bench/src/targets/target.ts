import type { Child } from '../child.ts';
import type { LoadTarget } from '../load-spec.ts';
import type { Pinning } from '../pinning.ts';

/** In the order of their columns. `baseline` is another checkout of this platform, measured only when one is given. */
export const targetNames = ['direct', 'nginx', 'portkey', 'baseline', 'xerotier'] as const;

/** The targets of a full run. */
export const standardTargets = ['direct', 'nginx', 'portkey', 'xerotier'] as const satisfies readonly TargetName[];
export type TargetName = (typeof targetNames)[number];

export interface TargetProcess {
  name: string;
  pid: number;
  /** Whether it is a Node process, which can be profiled. */
  isNode?: boolean;
}

/** A running system that accepts chat completions of a scripted engine. */
export interface RunningTarget {
  load: LoadTarget;
  /** The system under test: pinned to its own CPU, its memory measured. */
  system: TargetProcess[];
  /** Its helpers: pinned to the other CPU, their CPU time reported by name. */
  helpers: TargetProcess[];
  /** Versions of the programs, for the report. */
  versions: Record<string, string>;
  /** Releases everything it started; existing processes are not stopped. */
  stop(): Promise<void>;
}

/** The environment for starting targets. */
export interface TargetContext {
  pinning: Pinning;
  /** Where server packages are unpacked when the machine has none. */
  serversDir: string;
  /** A scratch folder of this run. */
  scratchDir: string;
  /** The shared scripted engine; started on first use, stopped by the run. */
  engine(): Promise<Child & { first: { port: number } }>;
  /** Path of the description of a running platform, if given. */
  platformPath: string | undefined;
  /** The folder of another checkout of this project, if given. */
  baselinePath: string | undefined;
  print(line: string): void;
}

/** A system that can be measured; the platform is one of them and gets no special treatment. */
export interface Target {
  name: TargetName;
  /** Starts it, or throws TargetUnavailable with advice. */
  start(context: TargetContext): Promise<RunningTarget>;
}

/** The target is not available on this machine: the run continues without it unless it was named. */
export class TargetUnavailable extends Error {
  override name = 'TargetUnavailable';
}
