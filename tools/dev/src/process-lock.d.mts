export interface Holder {
  readonly pid: number;
  /** When the process started, as the system tells it: a recycled id is not taken for the holder. */
  readonly startTime: string;
}

export function thisProcess(): Holder;
export function processOf(pid: number): Holder;
export function lockHolder(lockFile: string): Promise<Holder | undefined>;
export function takeLockFile(lockFile: string): Promise<Holder | undefined>;
export function isRunning(holder: Holder): boolean;
