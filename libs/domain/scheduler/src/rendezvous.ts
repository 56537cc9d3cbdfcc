/**
 * Rendezvous hashing: each key has its own order of all workers, which no worker changes for the others when it comes or goes, and which
 * all replicas of the router know. FNV-1a with the finalizer of MurmurHash3: without it, ids that differ at their end only have weights in
 * the same order for many keys.
 */
export function rendezvousWeight(key: string, workerId: string): number {
  let hash = 0x811c9dc5;
  for (const text of [key, workerId])
    for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
