import type { ServerBinary } from './binaries.ts';

/** Options of all servers. */
export interface StartOptions {
  readonly binary: ServerBinary;
  /** Created when missing. Contains data, configuration, log and process id; one folder per server. */
  readonly dataDir: string;
  /** Preferred port on 127.0.0.1. Default: that of the last run. Another free one is used when it is not available. */
  readonly port?: number;
  /** Timeout until it responds. Default 30 s. */
  readonly startTimeoutMs?: number;
  /** Grace period of a stop before it is killed. Default 10 s. */
  readonly stopGraceMs?: number;
  /**
   * Default true: its own process group, so that Ctrl-C in the terminal reaches only the process that started it, which
   * can then stop its servers in order.
   */
  readonly detached?: boolean;
  /** Default true: it exits when this process exits, for whatever reason. (Not after a SIGKILL on macOS.) */
  readonly endWithParent?: boolean;
  /** Called when it exits after a successful start without `stop`, `restart` or `kill`. */
  readonly onUnexpectedExit?: (exit: ServerExit) => void;
}

export interface ServerExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The last lines of its log. */
  readonly logTail: readonly string[];
}

/** A running server. */
export interface LocalServer {
  readonly name: string;
  /** Includes credentials, if any: do not log it. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** Null when it is not running. */
  readonly pid: number | null;
  readonly dataDir: string;
  readonly logPath: string;
  /** Stops it gracefully and waits for the exit. Does nothing when it is not running. */
  stop(): Promise<void>;
  /** Sends a signal. After SIGKILL, waits for the exit; `restart` starts it again. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Stops it if running, and starts it with the same data and port. Throws when the port stays in use. */
  restart(): Promise<void>;
}

/** The server-specific part. */
export interface ServerPlan {
  readonly name: string;
  readonly cwd: string;
  /** Writes the configuration for this port and returns how to start it. */
  prepare(port: number): Promise<Launch>;
  /** Whether exactly this process accepts requests, and not another one on the same port. */
  isReady(port: number, pid: number): Promise<boolean>;
  url(port: number): string;
  /** Called after each exit. Removes what the server leaves outside its folder. */
  onExit?(): void;
  /** Matches log lines after which a retry of the start may succeed. */
  readonly startsLater?: RegExp;
}

interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly uid?: number;
  readonly gid?: number;
}
