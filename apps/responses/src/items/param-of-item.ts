/**
 * The field of a request that an item of its input comes from.
 * @param keptItems how many items at the beginning are those of the response that it continues.
 */
export function paramOfItem(at: number, keptItems: number): string {
  return at < keptItems ? 'previous_response_id' : `input[${at - keptItems}]`;
}
