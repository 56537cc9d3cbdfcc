/**
 * A small file system that only one process and its children see, mounted in namespaces of their own: no rights of the machine are
 * needed, and it is gone when the process exits.
 */
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What starts a program that sees a file system of this size at the folder, for {@link AdditionalProcess.start}. */
export function onSmallDisk(folder: string, megabytes: number): string[] {
  const script = `mount -t tmpfs -o size=${megabytes}m,mode=700 tmpfs "$0" && exec "$@"`;
  return ['unshare', '--map-root-user', '--mount', 'sh', '-c', script, folder];
}

/** Why this machine cannot have one; undefined if it can. */
export function whyNoSmallDisk(): string | undefined {
  const [command = '', ...args] = onSmallDisk(tmpdir(), 1);
  try {
    execFileSync(command, [...args, 'true'], { stdio: 'pipe' });
    return undefined;
  } catch (error) {
    return `processes may not mount file systems in namespaces of their own here (${(error as Error).message.trim()})`;
  }
}

/** The user that the namespaces belong to; default that of this process. */
export interface DiskOwner {
  readonly uid?: number;
  readonly gid?: number;
}

/** What runs a program in the namespaces of a process. */
export function inNamespacesOf(pid: number): string[] {
  return ['nsenter', '--target', String(pid), '--user', '--mount', '--preserve-credentials'];
}

/** Fills the disk that a process sees at this folder until nothing fits. Returns what frees it again. */
export function fillDisk(pid: number, folder: string, owner: DiskOwner = {}): () => void {
  const run = (script: string): void => {
    const [command = '', ...args] = [...inNamespacesOf(pid), 'sh', '-c', script, join(folder, 'filler')];
    execFileSync(command, args, { ...owner, cwd: '/', stdio: 'pipe' });
  };
  run('! cat /dev/zero > "$0"');
  return () => run('rm "$0"');
}
