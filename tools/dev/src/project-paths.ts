/**
 * Where the embedded stack stores files: data in `.xerotier/`, which `npm run reset` removes; downloads in `.cache/`.
 */
import { join, resolve } from 'node:path';

export const projectRoot = resolve(import.meta.dirname, '../../..');

export const serverCache = join(projectRoot, '.cache', 'servers');
/** Initialised clusters of PostgreSQL, which stacks that are not durable start from. */
export const clusterTemplates = join(projectRoot, '.cache', 'clusters');

/**
 * Where Node keeps the compiled code of what it loads (NODE_COMPILE_CACHE): a service starts in a fifth less time. What is
 * stale in it is not used. tools/bootstrap.mjs names the same folder.
 */
export const compileCache = join(projectRoot, 'node_modules', '.cache', 'node-compile-cache');

export interface StateDir {
  readonly root: string;
  /** Read by tools and tests: addresses, keys, process ids. Mode 0600. */
  readonly devFile: string;
  /** Keys and secrets, kept between starts. Mode 0600. */
  readonly credentialsFile: string;
  /** The process that holds this folder. */
  readonly lockFile: string;
  readonly servers: string;
  readonly logs: string;
  /** Mail to users, if there is no SMTP server. Mode 0700. */
  readonly mail: string;
  /** The content of files, encrypted. Mode 0700. */
  readonly files: string;
  /** Workers that run separately (`npm run worker`). */
  readonly workers: string;
}

export function stateDirAt(root: string): StateDir {
  return {
    root,
    devFile: join(root, 'dev.json'),
    credentialsFile: join(root, 'credentials.json'),
    lockFile: join(root, 'supervisor.json'),
    servers: join(root, 'servers'),
    logs: join(root, 'logs'),
    mail: join(root, 'mail'),
    files: join(root, 'files'),
    workers: join(root, 'workers'),
  };
}

export const defaultStateDir = stateDirAt(process.env['XEROTIER_HOME'] ?? join(projectRoot, '.xerotier'));
