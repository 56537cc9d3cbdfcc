import { spawn } from 'node:child_process';

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface CommandOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  readonly uid?: number;
  readonly gid?: number;
  /** Written to standard input, which is then closed. */
  readonly input?: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** Called with each line of standard output. */
  readonly onLine?: (line: string) => void;
}

/** Far more than any program here prints; further output is dropped. */
const OUTPUT_CHARS_MAX = 4_000_000;

/**
 * Runs a program to its end without a shell, and resolves whatever its exit code. Throws when it cannot be started, and
 * when it exceeds `timeoutMs` or `signal` is aborted, after killing it.
 */
export function runCommand(command: string, args: readonly string[], options: CommandOptions): Promise<CommandResult> {
  const { env, cwd, uid, gid, input, timeoutMs, signal, onLine } = options;
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const child = spawn(command, args, { env, cwd, uid, gid, stdio: ['pipe', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    let unfinishedLine = '';
    // Destroys the streams, as its own child processes may keep them open after it was killed.
    const stopBecause = (reason: Error): void => {
      child.kill('SIGKILL');
      for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
      finish();
      reject(reason);
    };
    const timer = setTimeout(
      () => stopBecause(new Error(`${command} did not finish within ${timeoutMs / 1000} s`)),
      timeoutMs,
    );
    const onAbort = (): void => stopBecause(new Error(`${command} was aborted`));
    signal?.addEventListener('abort', onAbort, { once: true });
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (stdout.length < OUTPUT_CHARS_MAX) stdout += text;
      if (!onLine) return;
      const lines = (unfinishedLine + text).split('\n');
      unfinishedLine = lines.pop() ?? '';
      lines.forEach(onLine);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (stderr.length < OUTPUT_CHARS_MAX) stderr += text;
    });
    // A program may exit without reading its input; its exit code is what matters.
    child.stdin.on('error', () => {});
    child.stdin.end(input ?? '');
    const finish = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    };
    child.once('error', (error) => {
      finish();
      reject(new Error(`Cannot start ${command}: ${error.message}`, { cause: error }));
    });
    child.once('close', (code) => {
      finish();
      resolve({ code, stdout, stderr });
    });
  });
}
