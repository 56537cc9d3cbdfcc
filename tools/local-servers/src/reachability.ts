import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/** The user and group that a server runs as. */
export interface Identity {
  readonly uid: number;
  readonly gid: number;
}

interface Permissions extends Identity {
  readonly mode: number;
}

/**
 * The user that PostgreSQL runs as when this process is root, as which it does not run. The number is `nobody`
 * everywhere.
 */
export const NOBODY: Identity = { uid: 65534, gid: 65534 };

export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/** Whether this user may traverse a folder. Only one of the three permission triples applies, the most specific one. */
export function mayTraverse(permissions: Permissions, who: Identity): boolean {
  if (permissions.uid === who.uid) return (permissions.mode & 0o100) !== 0;
  if (permissions.gid === who.gid) return (permissions.mode & 0o010) !== 0;
  return (permissions.mode & 0o001) !== 0;
}

/** Expands `/a/b/c` to `['/', '/a', '/a/b', '/a/b/c']`. */
export function withAncestors(path: string): string[] {
  const parent = dirname(path);
  return parent === path ? [path] : [...withAncestors(parent), path];
}

/**
 * Whether `who` may traverse `dir` and all its ancestors. `dir` is absolute and without symbolic links. Reads the
 * permission bits only: with access lists the result may be too strict, which only costs a copy.
 */
export async function isReachable(dir: string, who: Identity): Promise<boolean> {
  for (const folder of withAncestors(dir)) {
    if (!mayTraverse(await stat(folder), who)) return false;
  }
  return true;
}
