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
  /** Whether it is a Node process, of which a CPU profile can be taken. */
  isNode?: boolean;
}

/** A system that is up and takes chat completions that a scripted engine answers. */
export interface RunningTarget {
  load: LoadTarget;
  /** What is measured: pinned to a CPU of its own, its memory watched. */
  system: TargetProcess[];
  /** What it needs besides: pinned to the other CPU, its CPU time reported by name. */
  helpers: TargetProcess[];
  /** Programs and their versions, for the report. */
  versions: Record<string, string>;
  /** Gives everything back; nothing that was there before is stopped. */
  stop(): Promise<void>;
}

/** What a target may use to start. */
export interface TargetContext {
  pinning: Pinning;
  /** Where servers of the operating system are unpacked when the machine has none. */
  serversDir: string;
  /** A folder of this run that may be filled. */
  scratchDir: string;
  /** The scripted engine that stands behind the proxies; started when first asked for, stopped by the run. */
  engine(): Promise<Child & { first: { port: number } }>;
  /** Path of the description of a running platform, if one was given. */
  platformPath: string | undefined;
  /** The folder of another checkout of this project, if one was given. */
  baselinePath: string | undefined;
  say(line: string): void;
}

/** One system that can be measured; the platform is one of them and gets no favours. */
export interface Target {
  name: TargetName;
  /** Starts it, or throws TargetUnavailable with what to do about it. */
  start(context: TargetContext): Promise<RunningTarget>;
}

/** The target cannot run on this machine now: a run goes on without it unless it was asked for by name. */
export class TargetUnavailable extends Error {
  override name = 'TargetUnavailable';
}
