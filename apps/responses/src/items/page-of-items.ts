/** An item of a list. */
export interface ListedItem {
  readonly itemId: string;
  /** Of the item as JSON. */
  readonly bytes: number;
}

/**
 * Returns the items of a page, as many as fit into these bytes but at least one.
 * @param found one more than the limit, if there are more.
 */
export function pageOfItems(
  found: readonly ListedItem[],
  limit: number,
  bytesMax: number,
): { ids: string[]; hasMore: boolean } {
  let bytes = 0;
  const fitting = found.slice(0, limit).filter((item, at) => {
    bytes += item.bytes;
    return at === 0 || bytes <= bytesMax;
  });
  return { ids: fitting.map(({ itemId }) => itemId), hasMore: found.length > fitting.length };
}
