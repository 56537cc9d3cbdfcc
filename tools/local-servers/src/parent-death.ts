import type { ChildProcess } from 'node:child_process';
import { runCommand } from './run-command.ts';

interface CommandLine {
  readonly command: string;
  readonly args: readonly string[];
}

let support: Promise<boolean> | undefined;
const endedAtExit = new Map<ChildProcess, NodeJS.Signals>();

/**
 * Wraps a command so that the kernel sends it `signal` when this process (strictly: the thread that started it) ends
 * for any reason, including SIGKILL. Linux with util-linux only; elsewhere the command is returned unchanged. The
 * wrapper replaces itself with the command, so the process id is the server's own.
 */
export async function endWithParent(inner: CommandLine, signal: NodeJS.Signals): Promise<CommandLine> {
  support ??= isSupported();
  if (!(await support)) return inner;
  return { command: 'setpriv', args: ['--pdeathsig', signal.replace(/^SIG/, ''), '--', inner.command, ...inner.args] };
}

async function isSupported(): Promise<boolean> {
  if (process.platform !== 'linux') return false;
  try {
    const result = await runCommand('setpriv', ['--help'], { env: process.env, timeoutMs: 5_000 });
    return `${result.stdout}${result.stderr}`.includes('--pdeathsig');
  } catch {
    return false;
  }
}

/** Sends `signal` to a child when this process exits. The returned function cancels that. */
export function endAtExit(child: ChildProcess, signal: NodeJS.Signals): () => void {
  if (endedAtExit.size === 0) process.on('exit', endAll);
  endedAtExit.set(child, signal);
  return () => {
    endedAtExit.delete(child);
    if (endedAtExit.size === 0) process.off('exit', endAll);
  };
}

function endAll(): void {
  for (const [child, signal] of endedAtExit) child.kill(signal);
}
