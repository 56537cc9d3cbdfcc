import type { ServerBinary } from './binaries.ts';

/** What all servers can be started with. */
export interface StartOptions {
  readonly binary: ServerBinary;
  /** Made when it is not there. Holds data, configuration, log and process id; one server, one folder. */
  readonly dataDir: string;
  /** Wanted port of 127.0.0.1. Default: the one of the last run. Another free one is taken when it is not free. */
  readonly port?: number;
  /** How long it may take until it answers. Default 30 s. */
  readonly startTimeoutMs?: number;
  /** How long a stop may take before it is killed. Default 10 s. */
  readonly stopGraceMs?: number;
  /**
   * Default true: a process group of its own, so that a Ctrl-C in the terminal reaches only the process that started
   * it, which can then stop its servers in order.
   */
  readonly detached?: boolean;
  /** Default true: it ends when this process ends, however that happens. (Not after a SIGKILL on macOS.) */
  readonly endWithParent?: boolean;
  /** Called when it ends after a successful start and neither `stop`, `restart` nor `kill` asked for that. */
  readonly onUnexpectedExit?: (exit: ServerExit) => void;
}

export interface ServerExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Its last lines. */
  readonly logTail: readonly string[];
}

/** A server that was started here. */
export interface LocalServer {
  readonly name: string;
  /** With credentials, where there are any: not for logs. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** Null when it does not run. */
  readonly pid: number | null;
  readonly dataDir: string;
  readonly logPath: string;
  /** Ends it cleanly and waits for that. Does nothing when it does not run. */
  stop(): Promise<void>;
  /** Sends a signal. After SIGKILL, waits until it is gone; `restart` brings it back. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Stops it when it runs, and starts it on the same data and the same port. Throws when the port stays taken. */
  restart(): Promise<void>;
}

/** The part that differs between servers. */
export interface ServerPlan {
  readonly name: string;
  readonly cwd: string;
  /** Writes the configuration for this port and says how to start it. */
  prepare(port: number): Promise<Launch>;
  /** Whether this very process, and not a stranger on the same port, takes requests. */
  isReady(port: number, pid: number): Promise<boolean>;
  url(port: number): string;
  /** What the log says when the same start could succeed a little later. */
  readonly startsLater?: RegExp;
}

interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly uid?: number;
  readonly gid?: number;
}
