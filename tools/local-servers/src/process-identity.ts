import { readFile, readlink } from 'node:fs/promises';
import { basename } from 'node:path';
import { runCommand } from './run-command.ts';

/** Whether a process with this id is running. Zombies do not count: in a container they may never be reaped. */
export async function isAlive(pid: number): Promise<boolean> {
  if (process.platform === 'linux') {
    const stat = await linuxStat(pid);
    return stat !== null && isRunning(stat);
  }
  const state = await ps(pid, 'state=');
  return state !== null && !state.startsWith('Z');
}

/** @param stat fields of /proc/<pid>/stat from the state on. */
export function isRunning(stat: readonly string[]): boolean {
  const [state, threads] = [stat[0], Number(stat[17])];
  // While other threads of a zombie are ending, it still listens on its ports.
  return (state !== 'Z' && state !== 'X') || threads > 1;
}

/**
 * Returns a text that distinguishes two processes with the same recycled id: the start time. Null when there is no such
 * process.
 */
export async function startMark(pid: number): Promise<string | null> {
  if (process.platform === 'linux') return (await linuxStat(pid))?.[19] ?? null;
  return ps(pid, 'lstart=');
}

/** Returns the name of a process's executable, or null when there is none or it is not visible. */
export async function processName(pid: number): Promise<string | null> {
  if (process.platform === 'linux') {
    const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => null);
    return name === null ? null : name.trim();
  }
  const command = await ps(pid, 'comm=');
  return command === null ? null : basename(command);
}

/**
 * Whether process `pid` is the server `program` that runs in `dir`: by its name, and by its current folder or a mention
 * of the folder in its command line. False in case of doubt, because the caller would kill it.
 */
export async function isServerIn(pid: number, program: string, dir: string): Promise<boolean> {
  if (process.platform === 'linux') {
    // The kernel truncates names to 15 characters.
    if ((await processName(pid)) !== program.slice(0, 15)) return false;
    const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => null);
    if (cwd === dir) return true;
    const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    return mentionsDir(commandLine.split('\0'), dir);
  }
  const commandLine = (await ps(pid, 'command=')) ?? '';
  return basename(commandLine.split(/\s+/)[0] ?? '') === program && mentionsDir([commandLine], dir);
}

/** Whether an argument is the folder or a file in it. `/data/redis-old/x` does not mention `/data/redis`. */
export function mentionsDir(args: readonly string[], dir: string): boolean {
  return args.some((arg) => {
    for (let at = arg.indexOf(dir); at >= 0; at = arg.indexOf(dir, at + 1)) {
      const next = arg[at + dir.length];
      const previous = arg[at - 1];
      if ((next === undefined || /[/\s]/.test(next)) && (previous === undefined || /[=\s]/.test(previous))) return true;
    }
    return false;
  });
}

/**
 * Returns the fields of /proc/<pid>/stat from the state on. The name before them is in parentheses and may contain
 * anything.
 */
async function linuxStat(pid: number): Promise<string[] | null> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  return stat === null ? null : stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

async function ps(pid: number, field: string): Promise<string | null> {
  const result = await runCommand('ps', ['-o', field, '-p', String(pid)], { env: process.env, timeoutMs: 5_000 });
  const text = result.stdout.trim();
  return result.code === 0 && text !== '' ? text : null;
}
