/**
 * Frees the memory of a buffer, which is empty from then on, without a garbage collection. For the owner of the buffer, when nothing
 * uses it any more, the system included: a write is over when its callback was called. Does nothing for a view of a larger memory.
 */
export function freeBuffer({ buffer: memory, byteLength }: Uint8Array): void {
  // Shared memory cannot be transferred, and Node 20 does not know it.
  if (byteLength > 0 && memory.byteLength === byteLength && 'transfer' in memory) memory.transfer(0);
}
