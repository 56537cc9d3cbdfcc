import { chown, lstat, mkdir, readFile, readlink, realpath, rename, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { OWNER_FILE, ensurePrivateDir, keepFromAgeing, privateDirFor } from './private-dir.ts';
import { NOBODY, isReachable, isRoot, type Identity } from './reachability.ts';

/** Where a PostgreSQL stores its cluster, and the user it runs as. */
export interface PostgresHome {
  /** Real path of the cluster. */
  readonly clusterDir: string;
  /** A folder outside the cluster that the server's user can read: for the password file. */
  readonly parentDir: string;
  /** Null: this process's own user. */
  readonly identity: Identity | null;
}

const CLUSTER = 'cluster';

/**
 * Finds or creates the location of the cluster. That is `dataDir/cluster`; but as root, when the user that the server
 * runs as has no access to `dataDir`, it is a private folder under /var/tmp, and `dataDir/cluster` is a link to it.
 */
export async function openPostgresHome(dataDir: string): Promise<PostgresHome> {
  const inside = join(dataDir, CLUSTER);
  if (!isRoot()) return { clusterDir: inside, parentDir: dataDir, identity: null };
  const found = await lstat(inside).catch(() => null);
  if (found?.isDirectory()) {
    // Possibly created by an ordinary user before: the owner is kept.
    const identity = found.uid === 0 ? NOBODY : { uid: found.uid, gid: found.gid };
    if (!(await isReachable(dataDir, identity))) {
      throw new Error(
        `uid ${identity.uid}, as which PostgreSQL must run, has no access to its data in ${inside} any more. ` +
          `Make the folders above it traversable (chmod o+x), or remove ${dataDir}.`,
      );
    }
    return { clusterDir: inside, parentDir: dataDir, identity };
  }
  if (!found && (await isReachable(dataDir, NOBODY))) {
    return { clusterDir: inside, parentDir: dataDir, identity: NOBODY };
  }
  const parentDir = await openPrivateHome(dataDir, inside);
  return { clusterDir: join(parentDir, CLUSTER), parentDir, identity: NOBODY };
}

async function openPrivateHome(dataDir: string, link: string): Promise<string> {
  await adoptMovedHome(dataDir, link);
  const privateDir = await ensurePrivateDir(dataDir);
  await rm(link, { force: true });
  await symlink(join(privateDir, CLUSTER), link);
  await keepFromAgeing(privateDir);
  return privateDir;
}

/** When the project was moved, its data folder has a new path but links to the private folder of the old one. */
async function adoptMovedHome(dataDir: string, link: string): Promise<void> {
  const target = await readlink(link).catch(() => null);
  if (target === null) return;
  const linkedDir = dirname(target);
  const ownDir = privateDirFor(dataDir);
  if (linkedDir === ownDir) return;
  const owner = await readFile(join(linkedDir, OWNER_FILE), 'utf8').catch(() => null);
  // The name is verified against its owner, so that a forged link cannot cause another folder to be moved. If the owner
  // still exists, this project is a copy and gets its own cluster.
  if (owner === null || privateDirFor(owner) !== linkedDir || (await exists(owner)) || (await exists(ownDir))) return;
  await rename(linkedDir, ownDir);
}

/** Creates the cluster's folder with the owner and mode that initdb requires. */
export async function makeClusterDir({ clusterDir, identity }: PostgresHome): Promise<void> {
  await mkdir(clusterDir, { recursive: true, mode: 0o700 });
  await giveTo(clusterDir, identity);
}

export async function giveTo(path: string, identity: Identity | null): Promise<void> {
  if (identity) await chown(path, identity.uid, identity.gid);
}

async function exists(path: string): Promise<boolean> {
  return realpath(path).then(
    () => true,
    () => false,
  );
}
