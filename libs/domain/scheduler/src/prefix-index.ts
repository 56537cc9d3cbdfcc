/** A worker is believed to hold so much less or more, when its engine had less or all of what was expected. */
const SHRINK = 0.9;
const GROW = 1.02;
const BLOCKS_MIN = 64;

interface KnownCache {
  /** From the least recently used. */
  readonly blocks: Map<number, true>;
  /** How many it is believed to hold. */
  blocksMax: number;
}

/**
 * What each worker probably has in its prefix cache: the hashes of the blocks of the prompts that were placed on it. Each hash covers
 * everything before its block, so that a prompt is compared from its beginning, and a hit of a block is a hit of all before it. How much
 * a cache holds is learned from what engines report.
 */
export class PrefixIndex {
  readonly #blocksMax: number;
  readonly #caches = new Map<string, KnownCache>();

  /** @param blocksMax maximum number of blocks of a worker. Those that were used least recently are forgotten first. */
  constructor(blocksMax: number) {
    this.#blocksMax = blocksMax;
  }

  /** Returns how many blocks at the beginning of a prompt the worker has. */
  matching(workerId: string, prefix: readonly number[]): number {
    const blocks = this.#caches.get(workerId)?.blocks;
    // Most workers have nothing of it.
    if (blocks === undefined || prefix.length === 0 || !blocks.has(prefix[0] as number)) return 0;
    // Blocks are forgotten from the end of a prompt, so that what is known is a prefix, and can be halved.
    let [known, unknown] = [1, prefix.length + 1];
    while (known + 1 < unknown) {
      const middle = (known + unknown) >>> 1;
      if (blocks.has(prefix[middle - 1] as number)) known = middle;
      else unknown = middle;
    }
    return known;
  }

  /** The worker gets this prompt. */
  add(workerId: string, prefix: readonly number[]): void {
    let cache = this.#caches.get(workerId);
    if (cache === undefined) this.#caches.set(workerId, (cache = { blocks: new Map(), blocksMax: this.#blocksMax }));
    const { blocks, blocksMax } = cache;
    // The beginning last, since it is shared by most.
    for (let at = Math.min(prefix.length, blocksMax) - 1; at >= 0; at -= 1) {
      const block = prefix[at] as number;
      blocks.delete(block);
      blocks.set(block, true);
    }
    forgetOldest(cache);
  }

  /** The engine reports how many blocks of a prompt it had, of those that were expected. */
  learn(workerId: string, expected: number, reported: number): void {
    const cache = this.#caches.get(workerId);
    if (cache === undefined || expected === 0) return;
    // What it really holds is not more than what is known of it.
    const held = Math.min(cache.blocksMax, cache.blocks.size);
    const blocksMax = reported < expected ? held * SHRINK : cache.blocksMax * GROW;
    cache.blocksMax = Math.min(this.#blocksMax, Math.max(BLOCKS_MIN, Math.ceil(blocksMax)));
    forgetOldest(cache);
  }

  /** Its cache is gone, with its process. */
  removeWorker(workerId: string): void {
    this.#caches.delete(workerId);
  }
}

function forgetOldest({ blocks, blocksMax }: KnownCache): void {
  for (const oldest of blocks.keys()) {
    if (blocks.size <= blocksMax) return;
    blocks.delete(oldest);
  }
}
