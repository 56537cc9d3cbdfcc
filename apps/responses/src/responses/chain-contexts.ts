import { Injectable } from '@nestjs/common';
import type { StoredItem } from '@xerotier/contracts/responses';
import { LRUCache } from 'lru-cache';
import type { ResponseKey } from './responses.repository.ts';

/** Of the items as JSON; in memory they take several times as much. */
const BYTES_MAX = 32 * 1_024 ** 2;
/** How long a client may think about its next turn. */
const KEPT_MS = 10 * 60_000;

/**
 * The items of chains that were continued lately, decrypted: the next turn reads those of the last response only. What a response continues
 * from never changes while it exists, which whoever asks has checked. The items of conversations can be deleted, and are not kept.
 */
@Injectable()
export class ChainContexts {
  readonly #chains = new LRUCache<string, readonly StoredItem[]>({
    maxSize: BYTES_MAX,
    ttl: KEPT_MS,
    updateAgeOnGet: true,
  });

  /** The items of the chain that ends with a response, in their order. */
  get(response: ResponseKey): readonly StoredItem[] | undefined {
    return this.#chains.get(keyOf(response));
  }

  /** @param bytes of the items. */
  set(response: ResponseKey, items: readonly StoredItem[], bytes: number): void {
    this.#chains.set(keyOf(response), items, { size: bytes + 1 });
  }
}

function keyOf({ projectId, id }: ResponseKey): string {
  return `${projectId}/${id}`;
}
